"""How a bad request was refused: with a 4xx and a reason, by a worker that lives on.

A client can act on a 4xx. A 5xx tells it to try again, SageMaker counts it as the model's own fault, and an alarm on
them rolls an update back.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from deploy.evidence import Finding, Severity

# What the serving stack's frontend answers when the worker that had the request ended.
_DEATHS = re.compile(rb"worker died|process (died|exited)|backend (worker|response).*(died|unavailable)", re.IGNORECASE)
_TRACEBACK = b"Traceback (most recent call last)"


def judge(http_status: int | None, body: bytes, *, severity: Severity = "error") -> Iterator[Finding]:
    """`severity` is that of an impolite refusal; one without an answer, or with a dead worker, is an error always."""
    if http_status is None or (http_status >= 500 and _DEATHS.search(body)):
        yield _death(http_status, body)
    elif http_status >= 500:
        with_traceback = " with a traceback" if _TRACEBACK in body else ""
        yield Finding(
            check="refusal",
            severity=severity,
            message=f"a bad request was answered with {http_status}{with_traceback}: {_reason(body)}",
            advice="check the input in input_fn, and refuse it with a 4xx and a reason: docs/cases.md shows how",
        )
    elif not body.strip():
        yield Finding(
            check="refusal",
            severity=severity,
            message=f"a bad request was refused with {http_status}, without a reason",
            advice="say in the body what is wrong with the request",
        )


def accepted() -> Finding:
    """For an input that no handler should understand."""
    return Finding(
        check="refusal",
        severity="warning",
        message="a bad request was answered as if it were a good one",
        advice="check the input in input_fn, and refuse what it cannot be with a 4xx and a reason",
    )


def _death(http_status: int | None, body: bytes) -> Finding:
    said = f"{http_status}: {_reason(body)}" if http_status else "no HTTP answer came"
    return Finding(
        check="refusal",
        severity="error",
        message=f"the model's worker died of a bad request, or never answered it ({said})",
        advice="look at the container's log: sys.exit, a crash of a native library, or the memory limit ends a worker",
    )


def reason_in(body: bytes) -> str:
    """The reason in one line: a JSON document's message, a traceback's exception, else the first line; or empty."""
    lines = [line.strip() for line in body.decode("utf-8", errors="replace").splitlines() if line.strip()]
    if not lines:
        return ""
    first = _message(lines[0].encode()) or _message(body)
    return first or (lines[-1] if _TRACEBACK in body else lines[0])


def _message(text: bytes) -> str:
    """`{"error": {"message": ...}}`, as the flagship says it, or `{"message": ...}`, as the stack does; or empty."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    inner = document.get("error", document) if isinstance(document, dict) else None
    found = inner.get("message") if isinstance(inner, dict) else None
    return found.strip() if isinstance(found, str) else ""


def _reason(body: bytes) -> str:
    return reason_in(body) or "no reason given"
