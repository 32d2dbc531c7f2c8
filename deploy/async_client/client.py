"""Sends requests to one endpoint, and returns each one's outcome with its notification.

May not: judge the answer, or depend on what serves the endpoint.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace

from deploy.async_client.inbox import Inbox, Notification
from deploy.async_client.outcomes import Completed, Failed, Outcome, Submitted, Unanswered
from deploy.async_client.submit import Destination, Request, invoke, upload
from deploy.async_client.wait import nothing, wait_for
from deploy.aws import Clients
from deploy.core.errors import TimedOut
from deploy.core.waiting import REAL_TIME, Clock

NOTIFICATION_TIMEOUT_SECONDS = 30.0
POLL_SECONDS = 0.1


@dataclass(frozen=True)
class AsyncClient:
    clients: Clients
    destination: Destination
    timeout_seconds: float
    inbox: Inbox | None = None
    """Where the endpoint's notifications arrive; None where they are not read."""
    watch: Callable[[], None] = nothing
    """Called at every poll; raises an error when no answer can come any more."""
    poll_seconds: float = POLL_SECONDS
    clock: Clock = REAL_TIME

    def __post_init__(self) -> None:
        """Make boto3's clients now, so that the first request's times do not include that."""
        _ = self.clients.s3, self.clients.runtime

    def send(self, request: Request) -> Outcome:
        """Send one request and wait for its outcome. Raises AwsRefused when the request is not accepted."""
        inference_id = request.inference_id or str(uuid.uuid4())
        started = self.clock.now()
        input_url = upload(self.clients, self.destination, request, inference_id, "requests")
        uploaded = self.clock.now()
        submitted = invoke(self.clients, self.destination, request, inference_id, input_url)
        try:
            found = self._wait_for(submitted)
        except TimedOut:
            return Unanswered(submitted, self.timeout_seconds)
        seconds = self.clock.now() - uploaded
        notification = self._notification_of(inference_id)
        return replace(found, seconds=seconds, upload_seconds=uploaded - started, notification=notification)

    def _wait_for(self, submitted: Submitted) -> Completed | Failed:
        return wait_for(
            self.clients,
            submitted,
            timeout_seconds=self.timeout_seconds,
            clock=self.clock,
            watch=self.watch,
            every_seconds=self.poll_seconds,
        )

    def _notification_of(self, inference_id: str) -> Notification | None:
        if self.inbox is None:
            return None
        try:
            return self.inbox.take(inference_id, NOTIFICATION_TIMEOUT_SECONDS, self.clock)
        except TimedOut:
            return None
