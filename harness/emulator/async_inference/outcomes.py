"""The outcome of an invocation as a value, `JobCompleted` or `JobFailed`, and the failure texts of the notifications.

Until an outcome is delivered, the spool holds the container's body under the job's uuid.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Cause(StrEnum):
    """Why an invocation failed. It decides the metric, never the text."""

    MODEL_CLIENT_ERROR = "model_client_error"
    MODEL_SERVER_ERROR = "model_server_error"
    NO_ANSWER = "no_answer"
    DOWNLOAD = "download"
    UPLOAD = "upload"
    EXPIRED = "expired"


@dataclass(frozen=True)
class JobCompleted:
    content_type: str | None
    size_bytes: int


@dataclass(frozen=True)
class JobFailed:
    cause: Cause
    reason: str
    """`failureReason` of the notification."""
    content_type: str | None = None
    size_bytes: int | None = None
    """None when no container answered; the failure object then holds `reason`."""


JobOutcome = JobCompleted | JobFailed

# The database stores these names, so they outlive a renamed class.
_KINDS: Mapping[type, str] = {JobCompleted: "Completed", JobFailed: "Failed"}
_SEE_LOGS = "from model. See the SageMaker Endpoint logs in your account for more information."


def model_failure(status: int, content_type: str | None, size_bytes: int) -> JobFailed:
    """The container did not answer 2xx. The text was observed on AWS."""
    is_client_error = 400 <= status < 500
    side = "client" if is_client_error else "server"
    cause = Cause.MODEL_CLIENT_ERROR if is_client_error else Cause.MODEL_SERVER_ERROR
    return JobFailed(cause, f"ClientError: Received {side} error ({status}) {_SEE_LOGS}", content_type, size_bytes)


def no_answer() -> JobFailed:
    """A time-out, a dropped connection or a dead container. The text was observed on AWS."""
    return JobFailed(Cause.NO_ANSWER, f"ClientError: Received server error (0) {_SEE_LOGS}")


def download_failure(location: str, why: str) -> JobFailed:
    """The text is the emulator's own; AWS's is not published."""
    return JobFailed(Cause.DOWNLOAD, f"ClientError: Unable to download the input object {location}: {why}")


def upload_failure(location: str, why: str) -> JobFailed:
    """The text is the emulator's own; AWS's is not published."""
    return JobFailed(Cause.UPLOAD, f"ClientError: Unable to upload the inference response to {location}: {why}")


def expired(ttl_seconds: float) -> JobFailed:
    """The text is the emulator's own; AWS's is not published."""
    why = f"it was in the queue for longer than its RequestTTLSeconds ({ttl_seconds:g})"
    return JobFailed(Cause.EXPIRED, f"ClientError: The request expired: {why}.")


def to_json(outcome: JobOutcome) -> dict[str, Any]:
    return {"kind": _KINDS[type(outcome)], **asdict(outcome)}


def from_json(document: Mapping[str, Any]) -> JobOutcome:
    fields = {name: value for name, value in document.items() if name != "kind"}
    if document["kind"] == _KINDS[JobCompleted]:
        return JobCompleted(**fields)
    return JobFailed(**{**fields, "cause": Cause(fields["cause"])})
