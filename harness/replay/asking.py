"""The kept request, sent once more with its bytes, content type, Accept, CustomAttributes, InferenceId and time-out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from deploy.apply.apply import Applied
from deploy.async_client import Completed, Destination, Failed, Request, submit, wait_for
from deploy.aws import Clients
from deploy.failed_requests import failures
from deploy.failed_requests.kept import Input
from harness.replay.endpoint import TTL_SECONDS
from harness.serving.stacks import default_stack

_EXCERPT_LINES = 40
_POLL_SECONDS = 0.2


def ask(
    clients: Clients,
    applied: Applied,
    kept: Input,
    file: Path,
    *,
    timeout_seconds: float,
    watch: Callable[[], None],
) -> Completed | Failed:
    """Send the request and wait; `watch` ends the wait by raising. Raises TimedOut when neither object appears."""
    where = Destination(applied.endpoint_name, applied.input_url, kept.invocation_timeout_seconds, TTL_SECONDS)
    request = Request(file, kept.content_type, kept.accept, kept.custom_attributes or "", kept.inference_id)
    sent = submit(clients, where, request)
    return wait_for(clients, sent, timeout_seconds=timeout_seconds, watch=watch, every_seconds=_POLL_SECONDS)


def status_of(logs_dir: Path, inference_id: str) -> int | None:
    """The HTTP status of the container's answer, from the platform's log; None when the log does not name it."""
    for path in logs_dir.rglob("data-log"):
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            status = failures.status_in(line)
            if status is not None and f"[{inference_id}]" in line:
                return status
    return None


def container_log(logs_dir: Path) -> str:
    return "".join(path.read_text(encoding="utf-8", errors="replace") for path in sorted(logs_dir.rglob("i-*.log")))


def excerpt(log: str) -> str:
    """The log from where the model took the request; the last lines when it never did."""
    return default_stack().log.last_request(log, _EXCERPT_LINES)
