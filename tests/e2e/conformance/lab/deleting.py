"""How each kind of resource that the checks create is deleted; a resource that does not exist is no error."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from deploy.core.waiting import wait_until

Clients = Callable[[str], Any]
_BUSY = ("Creating", "Updating", "RollingBack", "SystemUpdating", "Deleting")
_LONGEST_CHANGE_SECONDS = 3600
_GONE = ("Could not find", "NonExistentQueue", "QueueDoesNotExist", "ResourceNotFound", "NoSuchBucket", "NotFound",
         "ObjectNotFoundException", "The specified log group does not exist")  # fmt: skip


@dataclass(frozen=True)
class Made:
    operation: str
    name: str


@dataclass(frozen=True)
class Run:
    """One run: its account and bucket, and the prefix of its names and keys."""

    prefix: str
    bucket: str
    folder: str
    region: str
    account: str
    partition: str = "aws"
    has_logs: bool = True
    """True on SageMaker, which keeps a log group for each endpoint; the local cloud does not."""


def _unless_gone(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except ClientError as error:
        if any(word in str(error) for word in _GONE):
            return None
        raise


def _model(client: Clients, _: Run, name: str) -> None:
    _unless_gone(lambda: client("sagemaker").delete_model(ModelName=name))


def _config(client: Clients, _: Run, name: str) -> None:
    _unless_gone(lambda: client("sagemaker").delete_endpoint_config(EndpointConfigName=name))


def _endpoint(client: Clients, _: Run, name: str) -> None:
    """Wait while the endpoint is busy, then delete it."""
    sagemaker = client("sagemaker")

    def status() -> str:
        found = _unless_gone(lambda: sagemaker.describe_endpoint(EndpointName=name))
        return found["EndpointStatus"] if found else "gone"

    def wait(wanted: Callable[[str], bool], what: str) -> str:
        return wait_until(
            lambda: found if wanted(found := status()) else None,
            what=f"{name} to be {what}", timeout_seconds=_LONGEST_CHANGE_SECONDS, every_seconds=1,
        )  # fmt: skip

    if wait(lambda found: found not in _BUSY, "idle") != "gone":
        _unless_gone(lambda: sagemaker.delete_endpoint(EndpointName=name))
        wait(lambda found: found == "gone", "deleted")


def _topic(client: Clients, run: Run, name: str) -> None:
    arn = f"arn:{run.partition}:sns:{run.region}:{run.account}:{name}"
    _unless_gone(lambda: client("sns").delete_topic(TopicArn=arn))


def _queue(client: Clients, _: Run, name: str) -> None:
    found = _unless_gone(lambda: client("sqs").get_queue_url(QueueName=name))
    if found:
        client("sqs").delete_queue(QueueUrl=found["QueueUrl"])


def _alarm(client: Clients, _: Run, name: str) -> None:
    _unless_gone(lambda: client("cloudwatch").delete_alarms(AlarmNames=[name]))


def _target(client: Clients, _: Run, name: str) -> None:
    _unless_gone(
        lambda: client("application-autoscaling").deregister_scalable_target(
            ServiceNamespace="sagemaker", ResourceId=name, ScalableDimension="sagemaker:variant:DesiredInstanceCount"
        )
    )


def _log_group(client: Clients, _: Run, name: str) -> None:
    """SageMaker creates the group when the container first writes."""
    group = f"/aws/sagemaker/Endpoints/{name}"
    _unless_gone(lambda: client("logs").delete_log_group(logGroupName=group))


def _objects(client: Clients, run: Run, folder: str) -> None:
    pages = client("s3").get_paginator("list_objects_v2").paginate(Bucket=run.bucket, Prefix=folder)
    found = _unless_gone(lambda: [{"Key": item["Key"]} for page in pages for item in page.get("Contents", ())])
    for start in range(0, len(found or ()), 1000):
        client("s3").delete_objects(Bucket=run.bucket, Delete={"Objects": found[start : start + 1000]})


# By the operation that creates the resource.
DELETIONS: Mapping[str, Callable[[Clients, Run, str], None]] = {
    "CreateModel": _model,
    "CreateEndpointConfig": _config,
    "CreateEndpoint": _endpoint,
    "CreateTopic": _topic,
    "CreateQueue": _queue,
    "PutMetricAlarm": _alarm,
    "RegisterScalableTarget": _target,
    "LogGroup": _log_group,
    "Objects": _objects,
}
