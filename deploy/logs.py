"""`deploy logs`: what the container wrote, from CloudWatch Logs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from deploy.aws import Clients, aws_errors
from deploy.errors import AwsRefused, ConfigurationError


@dataclass(frozen=True)
class Line:
    at: datetime
    stream: str
    """`<variant>/<instance>`; with `/data-log` for what SageMaker itself says about requests."""
    text: str


def logs(clients: Clients, endpoint_name: str, *, since: datetime, pattern: str = "") -> Iterator[Line]:
    """Oldest first; `pattern` is a CloudWatch Logs filter. Raises ConfigurationError when there is no log yet."""
    group = f"/aws/sagemaker/Endpoints/{endpoint_name}"
    filters = {"filterPattern": pattern} if pattern else {}
    try:
        with aws_errors(f"reading log group {group}"):
            pages = clients.logs.get_paginator("filter_log_events").paginate(
                logGroupName=group, startTime=int(since.timestamp() * 1000), **filters
            )
            for page in pages:
                yield from (_line(event) for event in page.get("events", ()))
    except AwsRefused as refused:
        if refused.code != "ResourceNotFoundException":
            if clients.target.is_local:
                raise ConfigurationError(
                    f"this local cloud keeps no CloudWatch Logs: `harness logs {endpoint_name}` prints what the "
                    "containers wrote"
                ) from refused
            raise
        raise ConfigurationError(
            f"there is no log group {group}: no container of {endpoint_name} has written anything. An endpoint that "
            "stays in Creating without a log usually has a host driver that does not fit the image's CUDA "
            "([endpoint] inference_ami_version)"
        ) from refused


def _line(event: dict[str, object]) -> Line:
    at = datetime.fromtimestamp(int(str(event["timestamp"])) / 1000, UTC)
    return Line(at, str(event["logStreamName"]), str(event["message"]).rstrip())
