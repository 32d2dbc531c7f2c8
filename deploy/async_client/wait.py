"""Waits for a request's result: the outcome is whichever of the output and the failure object appears in S3.

May not: read the answer's contents.
"""

from __future__ import annotations

from collections.abc import Callable

from deploy.async_client.outcomes import Completed, Failed, Submitted
from deploy.aws import Clients
from deploy.aws.s3 import fetch
from deploy.core.waiting import REAL_TIME, Clock, wait_until

_LONGEST_POLL_SECONDS = 2.0


def nothing() -> None:
    """A `watch` that never raises."""


def wait_for(
    clients: Clients,
    submitted: Submitted,
    *,
    timeout_seconds: float,
    clock: Clock = REAL_TIME,
    watch: Callable[[], None] = nothing,
    every_seconds: float | None = None,
) -> Completed | Failed:
    """Raises TimedOut when neither output nor failure appears in time, and whatever `watch` raises.

    `watch` is called before each poll, and raises when no answer can come any more. Where `every_seconds` is None, the
    target's interval applies.
    """
    started = clock.now()

    def appeared() -> tuple[Completed | Failed] | None:
        watch()
        output = fetch(clients, submitted.output_url)
        if output is not None:
            return (Completed(submitted, *output, clock.now() - started),)
        failure = fetch(clients, submitted.failure_url) if submitted.failure_url else None
        return None if failure is None else (Failed(submitted, failure[0], clock.now() - started),)

    return wait_until(
        appeared,
        what=f"the answer to request {submitted.inference_id} at {submitted.output_url}",
        timeout_seconds=timeout_seconds,
        every_seconds=every_seconds or min(clients.target.poll_seconds, _LONGEST_POLL_SECONDS),
        clock=clock,
    )[0]
