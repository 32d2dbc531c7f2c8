"""The client of one endpoint of the local AWS, asynchronous or real-time; both watch the container's log.

An asynchronous endpoint's queue gets the notifications too.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Protocol

from deploy.apply.apply import Applied
from deploy.async_client import AsyncClient, Completed, Destination, Outcome, Request, TopicName, open_inbox
from deploy.aws import Clients, Target
from deploy.realtime_client import RealtimeClient
from harness.local_environment.local_aws import LocalAws
from harness.serving.instances.model_watch import ModelWatch
from harness.serving.stacks import default_stack


class Sender(Protocol):
    def send(self, request: Request) -> Outcome:
        """Send one request and wait for its outcome. Raises RehearsalError when there can be none."""


@dataclass(frozen=True)
class WatchedRealtimeClient:
    """After a request without a good answer it looks into the log: a model that never loads says why there."""

    client: RealtimeClient
    watch: ModelWatch

    def send(self, request: Request) -> Outcome:
        outcome = self.client.send(request)
        if not isinstance(outcome, Completed):
            self.watch.check()
        return outcome


def realtime_client_of(aws: LocalAws, applied: Applied, region: str) -> WatchedRealtimeClient:
    clients = Clients(Target.local(region, cloud_url=aws.cloud.url, sagemaker_url=aws.sagemaker_url))
    return WatchedRealtimeClient(RealtimeClient(clients, applied.endpoint_name), _watch(aws, applied))


def client_of(
    aws: LocalAws, applied: Applied, region: str, timeout_seconds: float, *, is_notified: bool = True
) -> AsyncClient:
    """`is_notified`: whether the outcome of a request waits for its notification."""
    clients = Clients(Target.local(region, cloud_url=aws.cloud.url, sagemaker_url=aws.sagemaker_url))
    topics: dict[str, TopicName] = {applied.success_topic_arn: "success", applied.error_topic_arn: "error"}
    queue_name = f"{applied.endpoint_name}-{uuid.uuid4().hex[:8]}"
    return AsyncClient(
        clients,
        Destination(applied.endpoint_name, applied.input_url, keeps_notes=False),
        timeout_seconds,
        inbox=open_inbox(clients, topics, queue_name) if is_notified else None,
        watch=_watch(aws, applied).check,
    )


def _watch(aws: LocalAws, applied: Applied) -> ModelWatch:
    return ModelWatch(aws.logs_dir / applied.endpoint_name, default_stack().log)
