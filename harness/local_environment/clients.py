"""A client of one endpoint of the local AWS, ready to submit: queue subscribed, log watched."""

from __future__ import annotations

import uuid

from deploy.apply.apply import Applied
from harness.local_cloud.clients import local_client
from harness.local_environment.inbox import open_inbox
from harness.local_environment.local_aws import LocalAws
from harness.local_environment.submit import Submitter
from harness.serving.instances.model_watch import ModelWatch
from harness.serving.stacks import default_stack


def submitter_of(aws: LocalAws, applied: Applied, region: str, timeout_seconds: float) -> Submitter:
    cloud = aws.cloud.url
    inbox = open_inbox(
        local_client("sqs", endpoint_url=cloud, region=region),
        local_client("sns", endpoint_url=cloud, region=region),
        {applied.success_topic_arn: "success", applied.error_topic_arn: "error"},
        f"{applied.endpoint_name}-{uuid.uuid4().hex[:8]}",
    )
    return Submitter(
        s3=local_client("s3", endpoint_url=cloud, region=region),
        runtime=local_client("sagemaker-runtime", endpoint_url=aws.sagemaker_url, region=region),
        inbox=inbox,
        endpoint_name=applied.endpoint_name,
        input_uri=applied.input_url,
        timeout_seconds=timeout_seconds,
        watch=ModelWatch(aws.logs_dir / applied.endpoint_name, default_stack().log).check,
    )
