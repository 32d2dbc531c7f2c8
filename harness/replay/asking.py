"""The kept request, sent once more: same bytes, content type, Accept, CustomAttributes, InferenceId and time-out."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from deploy.apply.apply import Applied
from deploy.async_client import requests
from deploy.async_client.requests import Destination, Submitted
from deploy.aws import Clients
from deploy.failed_requests import failures
from deploy.failed_requests.kept import Input
from harness.core.waiting import wait_until
from harness.replay.endpoint import TTL_SECONDS
from harness.serving.stacks.torchserve.log import without_metrics

_EXCERPT_LINES = 40
_TAKEN_UP = "Backend received inference"
_POLL_SECONDS = 0.2


@dataclass(frozen=True)
class Answer:
    """`failed` tells which of the two objects appeared."""

    failed: bool
    body: bytes
    content_type: str
    seconds: float
    inference_id: str


def ask(
    clients: Clients,
    applied: Applied,
    request: Input,
    file: Path,
    *,
    patience_seconds: float,
    watch: Callable[[], None],
) -> Answer:
    """`watch` raises when waiting is in vain. Raises TimedOut when neither object appears in time."""
    where = Destination(applied.endpoint_name, applied.input_url, request.invocation_timeout_seconds, TTL_SECONDS)
    sent = requests.submit(
        clients,
        where,
        file,
        content_type=request.content_type,
        accept=request.accept,
        attributes=request.custom_attributes or "",
        inference_id=request.inference_id,
    )
    return _await(clients, sent, patience_seconds, watch)


def _await(clients: Clients, sent: Submitted, patience_seconds: float, watch: Callable[[], None]) -> Answer:
    started = time.monotonic()

    def appeared() -> Answer | None:
        for failed, url in ((False, sent.output_url), (True, sent.failure_url)):
            found = requests.fetch(clients, url) if url else None
            if found is not None:
                return Answer(failed, *found, time.monotonic() - started, sent.inference_id)
        watch()
        return None

    return wait_until(
        appeared,
        what=f"the answer to request {sent.inference_id}",
        timeout_seconds=patience_seconds,
        every_seconds=_POLL_SECONDS,
    )


def status_of(logs_dir: Path, inference_id: str) -> int | None:
    """The HTTP status of the container's answer, from the platform's own log; None when it wrote nothing of it."""
    for path in logs_dir.rglob("data-log"):
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            status = failures.status_in(line)
            if status is not None and f"[{inference_id}]" in line:
                return status
    return None


def container_log(logs_dir: Path) -> str:
    return "".join(path.read_text(encoding="utf-8", errors="replace") for path in sorted(logs_dir.rglob("i-*.log")))


def excerpt(log: str) -> str:
    """From where the model took the request up; the last lines when it never did."""
    text = without_metrics(log, _EXCERPT_LINES)
    before, taken_up, after = text.rpartition(_TAKEN_UP)
    _, _, line_start = before.rpartition("\n")
    return line_start + taken_up + after if taken_up else text
