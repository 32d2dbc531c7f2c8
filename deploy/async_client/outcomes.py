"""Defines the outcomes of a request: where its result will be, and then the result.

A real-time request has the same outcomes, without locations and notifications.
"""

from __future__ import annotations

from dataclasses import dataclass

from deploy.async_client.inbox import Notification


@dataclass(frozen=True)
class Submitted:
    """The locations from the 202 response, and the input's."""

    inference_id: str
    input_url: str
    output_url: str
    failure_url: str | None
    """None when the endpoint writes no failure objects; then a failure shows only as a time-out."""


@dataclass(frozen=True)
class Completed:
    """The output object. `seconds` count from the end of the upload, or from the start of the wait."""

    submitted: Submitted
    body: bytes
    content_type: str
    seconds: float
    upload_seconds: float | None = None
    notification: Notification | None = None
    """None without an inbox, or when no notification came in time."""


@dataclass(frozen=True)
class Failed:
    """The failure object, with the container's answer or SageMaker's reason."""

    submitted: Submitted
    body: bytes
    seconds: float
    upload_seconds: float | None = None
    notification: Notification | None = None
    http_status: int | None = None
    """The container's own, where the caller is told it (InvokeEndpoint); a failure object does not hold it."""

    @property
    def reason(self) -> str:
        """SageMaker's reason from the notification; without one, the object's text."""
        told = self.notification.failure_reason if self.notification else None
        return told or self.body.decode("utf-8", "replace").strip() or "no reason given"


@dataclass(frozen=True)
class Unanswered:
    """Neither object appeared in time."""

    submitted: Submitted
    waited_seconds: float


Outcome = Completed | Failed | Unanswered
