"""`deploy expire`: delete endpoints whose end of life has passed. What costs money goes; models and data stay.

The end is a tag on the endpoint, set from [rollout] ttl_hours, so any machine with the credentials can do this.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from deploy import watch
from deploy.aws import Clients, aws_errors
from deploy.desired import EXPIRES_TAG
from deploy.endpoint import delete_endpoint
from deploy.ledger import Ledger
from deploy.steps import OnStep, Work, ignore
from deploy.waiting import REAL_TIME, Clock


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
    """Delete them; returns what was deleted."""
    work = Work(clients, ledger, on_step, clock, account, clients.target.region)
    found = expired(clients, clock.today())
    for each in found:
        watch.deregister(work, each.endpoint_name)
        delete_endpoint(work, each.endpoint_name)
    return found


def _tagged(clients: Clients) -> Iterator[Expired]:
    with aws_errors("listing endpoints"):
        pages = clients.sagemaker.get_paginator("list_endpoints").paginate()
        endpoints = [each for page in pages for each in page["Endpoints"]]
    for each in endpoints:
        with aws_errors(f"reading the tags of {each['EndpointName']}"):
            tags = clients.sagemaker.list_tags(ResourceArn=each["EndpointArn"])["Tags"]
        for tag in tags:
            if tag["Key"] == EXPIRES_TAG:
                yield Expired(each["EndpointName"], datetime.fromisoformat(tag["Value"]))
