"""Checks that SageMaker can assume the execution role, and that the role may do what the endpoint needs.

The checks run before anything is created, since AWS refuses only minutes later, or at the first request. May not:
change anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deploy.aws import Clients, aws_errors
from deploy.config.images import partition
from deploy.core.errors import AwsRefused, ConfigurationError
from deploy.resources.desired_state import Desired

_SERVICE = "sagemaker.amazonaws.com"
_ECR_IMAGE = re.compile(r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.[a-z0-9.]+/(?P<repository>[^:@]+)")


def require_assumable(clients: Clients, role_arn: str) -> None:
    """Raises ConfigurationError when the role does not exist or does not trust SageMaker.

    A local cloud has no roles; without permission to read the role nothing is refused.
    """
    if clients.target.is_local:
        return
    name = role_arn.rsplit("/", 1)[-1]
    try:
        with aws_errors(f"looking at role {name}"):
            trust = clients.iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    except AwsRefused as refused:
        if refused.code != "NoSuchEntity":
            return
        raise ConfigurationError(
            f"role {role_arn} does not exist: create the foundation first (deploy/terraform), or correct "
            "endpoint.role_arn"
        ) from refused
    if not any(_lets_in(statement) for statement in _listed(trust["Statement"])):
        raise ConfigurationError(
            f"role {role_arn} does not let {_SERVICE} take it on: `deploy policy` prints the trust policy it needs"
        )


@dataclass(frozen=True)
class _Need:
    actions: Sequence[str]
    resources: Sequence[str]


def require_permitted(clients: Clients, desired: Desired) -> None:
    """Raises ConfigurationError with the actions that the role may not do, according to IAM's own simulator.

    A local cloud has no roles; without permission to simulate nothing is refused.
    """
    if clients.target.is_local:
        return
    role = desired.model.role_arn
    try:
        with aws_errors(f"asking IAM what role {role} may do"):
            missing = [line for need in _needs(desired) for line in _denied(clients, role, need)]
    except AwsRefused:
        return
    if missing:
        raise ConfigurationError(
            f"role {role} may not {'; '.join(missing)}. `deploy policy --account {desired.account}` prints all that it "
            "needs. If a policy of the bucket or the repository lets it, set endpoint.check_role_permissions = false"
        )


def _needs(desired: Desired) -> Iterator[_Need]:
    """An example of each kind of resource, so that a role may name its own more narrowly than `deploy policy`."""
    config, bucket = desired.endpoint_config, desired.bucket.name
    s3 = f"arn:{partition(desired.region)}:s3:::"
    stored = desired.bundle.name.removeprefix("s3://")
    results = [f"{s3}{path.removeprefix('s3://')}/any" for path in (config.output_path, config.failure_path)]
    yield _Need(["s3:GetObject"], [f"{s3}{stored}", f"{s3}{bucket}/{desired.input_prefix}/any"])
    yield _Need(["s3:PutObject"], results)
    yield _Need(["s3:ListBucket"], [f"{s3}{bucket}"])
    yield _Need(["sns:Publish"], [desired.success_topic.arn, desired.error_topic.arn])
    found = _ECR_IMAGE.match(desired.model.image)
    if found is not None:
        repository = f"arn:{partition(desired.region)}:ecr:{found['region']}:{found['account']}:repository/"
        yield _Need(["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"], [repository + found["repository"]])
        yield _Need(["ecr:GetAuthorizationToken"], ["*"])


def _denied(clients: Clients, role: str, need: _Need) -> Iterator[str]:
    """The denied actions; a decision that depends on a condition unknown to the simulator is not a denial."""
    for resource in need.resources:
        pages = clients.iam.get_paginator("simulate_principal_policy").paginate(
            PolicySourceArn=role, ActionNames=need.actions, ResourceArns=[resource]
        )
        for result in (each for page in pages for each in page["EvaluationResults"]):
            if result["EvalDecision"] != "allowed" and not result.get("MissingContextValues"):
                yield f"{result['EvalActionName']} on {resource}"


def _lets_in(statement: Mapping[str, Any]) -> bool:
    principal = statement.get("Principal", {})
    services = _listed(principal.get("Service", ())) if isinstance(principal, Mapping) else ()
    allowed = {"sts:AssumeRole", "sts:*", "*"} & set(_listed(statement.get("Action", ())))
    return statement.get("Effect") == "Allow" and _SERVICE in services and bool(allowed)


def _listed(value: Any) -> Iterable[Any]:
    """A list from IAM, which writes a list of one as its only element."""
    return (value,) if isinstance(value, str | Mapping) else value
