"""Checks the instance quota before anything is created: many accounts begin with a quota of 0."""

from __future__ import annotations

from deploy.aws import Clients, aws_errors
from deploy.config import Project
from deploy.core.errors import AwsRefused


def require_quota(clients: Clients, project: Project, *, updating: bool, running: int = 0) -> str:
    """The quota and the instances that are needed, in words.

    Raises AwsRefused when the quota is too small. An update runs two fleets: the one that is `running`, and another
    that is no smaller. A local cloud has no quota; without permission to read it nothing is refused, and AWS refuses
    later.
    """
    if clients.target.is_local:
        return "none, a local cloud"
    new = max(project.endpoint.initial_instance_count, running if updating else 0)
    wanted = new + max(running, 1) if updating else new
    if project.autoscaling.enabled:
        wanted = max(wanted, project.autoscaling.max_instances)
    allowed = _allowed(clients, project.endpoint.instance_type)
    if allowed is None:
        return f"unknown, these credentials may not see it; this needs {wanted} x {project.endpoint.instance_type}"
    if allowed < wanted:
        both = " while both fleets run" if updating else ""
        raise AwsRefused(
            f"the account may run {allowed:g} x {project.endpoint.instance_type} for endpoints in "
            f"{project.endpoint.region}, this needs {wanted}{both}. Ask for more: "
            f"Service Quotas > Amazon SageMaker > '{_quota_name(project.endpoint.instance_type)}'",
            code="ResourceLimitExceeded",
        )
    return f"{allowed:g} x {project.endpoint.instance_type} for endpoints in this account, this needs {wanted}"


def _allowed(clients: Clients, instance_type: str) -> float | None:
    """Find the quota by its name, because documented codes of quotas differ and names do not."""
    try:
        with aws_errors("reading the quotas"):
            pages = clients.quotas.get_paginator("list_service_quotas").paginate(ServiceCode="sagemaker")
            quotas = [each for page in pages for each in page["Quotas"]]
    except AwsRefused:
        return None
    return next((each["Value"] for each in quotas if each["QuotaName"] == _quota_name(instance_type)), None)


def _quota_name(instance_type: str) -> str:
    return f"{instance_type} for endpoint usage"
