"""Reads the containers' log lines from CloudWatch Logs for `deploy logs`; with `--follow`, it goes on as lines come."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from deploy.aws import Clients, aws_errors
from deploy.core.errors import AwsRefused, ConfigurationError
from deploy.core.waiting import REAL_TIME, Clock

# CloudWatch ingests lines of several instances independently: older lines may appear after newer ones.
_OVERLAP = timedelta(minutes=1)
_FOLLOW_SECONDS = 5.0
_LOCAL_FOLLOW_SECONDS = 1.0


@dataclass(frozen=True)
class Line:
    at: datetime
    stream: str
    """`<variant>/<instance>`; with `/data-log` for SageMaker's own lines about requests."""
    text: str
    event_id: str = ""
    """CloudWatch's id, by which a line that is read twice is recognised."""


def logs(clients: Clients, endpoint_name: str, *, since: datetime, pattern: str = "") -> Iterator[Line]:
    """Read lines, oldest first; `pattern` is a CloudWatch Logs filter. Raises ConfigurationError without a log."""
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


def follow(
    clients: Clients, endpoint_name: str, *, since: datetime, pattern: str = "", clock: Clock = REAL_TIME
) -> Iterator[Line]:
    """Read as `logs` does, and then every line that is added, without an end."""
    every_seconds = _LOCAL_FOLLOW_SECONDS if clients.target.is_local else _FOLLOW_SECONDS
    shown: dict[str, datetime] = {}
    while True:
        for line in logs(clients, endpoint_name, since=since, pattern=pattern):
            if line.event_id not in shown:
                shown[line.event_id] = line.at
                yield line
        since = max(since, max(shown.values(), default=since) - _OVERLAP)
        shown = {event_id: at for event_id, at in shown.items() if at >= since}
        clock.sleep(every_seconds)


def _line(event: dict[str, object]) -> Line:
    at = datetime.fromtimestamp(int(str(event["timestamp"])) / 1000, UTC)
    text, event_id = str(event["message"]).rstrip(), str(event.get("eventId", ""))
    return Line(at, str(event["logStreamName"]), text, event_id)
