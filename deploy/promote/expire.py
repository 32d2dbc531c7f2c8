"""Deletes endpoints whose end of life has passed (`deploy expire`). Models and data stay, since they cost little.

The end is a tag on the endpoint, set from [rollout] ttl_hours, so any machine with the credentials can do this.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from deploy.apply import ensure_monitoring
from deploy.apply.endpoint import delete_endpoint
from deploy.apply.ledger import Ledger
from deploy.apply.steps import OnStep, Work, ignore
from deploy.aws import Clients, aws_errors
from deploy.aws.describe import is_missing
from deploy.core.errors import AwsRefused, DeployError, RehearsalError
from deploy.core.waiting import REAL_TIME, Clock
from deploy.resources.desired_state import EXPIRES_TAG


@dataclass(frozen=True)
class Expired:
    endpoint_name: str
    since: datetime


def expired(clients: Clients, now: datetime) -> tuple[Expired, ...]:
    """Endpoints in this region whose end has passed; those without the tag never expire."""
    return tuple(each for each in _tagged(clients) if each.since <= now)


def expire(
    clients: Clients, *, ledger: Ledger, account: str, on_step: OnStep = ignore, clock: Clock = REAL_TIME
) -> tuple[Expired, ...]:
    """Delete them; returns what was deleted.

    If one cannot be deleted, the others are deleted all the same, and then DeployError names it.
    """
    work = Work(clients, ledger, on_step, clock, account, clients.target.region)
    found = expired(clients, clock.today())
    failures = [failure for each in found if (failure := _delete(work, each)) is not None]
    if failures:
        left = "\n".join(f"{failure}" for failure in failures)
        raise DeployError(f"{len(failures)} of {len(found)} expired endpoints still cost money:\n{left}")
    return found


def _delete(work: Work, what: Expired) -> RehearsalError | None:
    try:
        ensure_monitoring.deregister(work, what.endpoint_name)
        delete_endpoint(work, what.endpoint_name)
    except RehearsalError as error:
        return error
    return None


def _tagged(clients: Clients) -> Iterator[Expired]:
    with aws_errors("listing endpoints"):
        pages = clients.sagemaker.get_paginator("list_endpoints").paginate()
        endpoints = [each for page in pages for each in page["Endpoints"]]
    for each in endpoints:
        ends = _tags(clients, each["EndpointName"], each["EndpointArn"]).get(EXPIRES_TAG)
        if ends is not None:
            yield Expired(each["EndpointName"], datetime.fromisoformat(ends))


def _tags(clients: Clients, name: str, arn: str) -> Mapping[str, str]:
    """The endpoint's tags; empty when these credentials may not read them, or the endpoint was deleted meanwhile."""
    try:
        with aws_errors(f"reading the tags of {name}"):
            return {tag["Key"]: tag["Value"] for tag in clients.sagemaker.list_tags(ResourceArn=arn)["Tags"]}
    except AwsRefused as refused:
        if "AccessDenied" in refused.code or is_missing(refused):
            return {}
        raise
