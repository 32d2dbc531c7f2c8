"""The client of one endpoint of the local AWS. Its queue gets the notifications, and it watches the container's log."""

from __future__ import annotations

import uuid

from deploy.apply.apply import Applied
from deploy.async_client import AsyncClient, Destination, TopicName, open_inbox
from deploy.aws import Clients, Target
from harness.local_environment.local_aws import LocalAws
from harness.serving.instances.model_watch import ModelWatch
from harness.serving.stacks import default_stack


def client_of(aws: LocalAws, applied: Applied, region: str, timeout_seconds: float) -> AsyncClient:
    clients = Clients(Target.local(region, cloud_url=aws.cloud.url, sagemaker_url=aws.sagemaker_url))
    topics: dict[str, TopicName] = {applied.success_topic_arn: "success", applied.error_topic_arn: "error"}
    queue_name = f"{applied.endpoint_name}-{uuid.uuid4().hex[:8]}"
    return AsyncClient(
        clients,
        Destination(applied.endpoint_name, applied.input_url, keeps_notes=False),
        timeout_seconds,
        inbox=open_inbox(clients, topics, queue_name),
        watch=ModelWatch(aws.logs_dir / applied.endpoint_name, default_stack().log).check,
    )
