"""How bad requests are refused, and what is said of it."""

from __future__ import annotations

import json

import pytest

from harness.checks import refusal

TRACEBACK = b"Traceback (most recent call last):\n  File ...\nValueError: no values\n"
DIED = json.dumps({"code": 500, "type": "InternalServerException", "message": "Worker died."}, indent=2).encode()


@pytest.mark.parametrize("body", [b"not a picture", b'{"error": {"code": "x", "message": "y"}}', TRACEBACK])
def test_a_4xx_with_a_reason_is_right(body: bytes) -> None:
    assert list(refusal.judge(400, body)) == []


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (500, TRACEBACK, "answered with 500 with a traceback: ValueError: no values"),
        (503, b"busy", "answered with 503: busy"),
        (415, b" \n", "refused with 415, without a reason"),
    ],
)
def test_an_impolite_refusal_is_as_grave_as_is_asked(status: int, body: bytes, said: str) -> None:
    (finding,) = refusal.judge(status, body)
    assert said in finding.message
    assert finding.severity == "error"
    assert next(iter(refusal.judge(status, body, severity="warning"))).severity == "warning"


@pytest.mark.parametrize(("status", "body"), [(None, b""), (500, DIED), (503, b"Backend worker process died")])
def test_a_dead_worker_is_an_error_always(status: int | None, body: bytes) -> None:
    (finding,) = refusal.judge(status, body, severity="warning")
    assert finding.severity == "error"
    assert "worker died" in finding.message


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (DIED, "Worker died."),
        (b'{"error": {"code": "cut", "message": "the clip is cut"}}\n' + TRACEBACK, "the clip is cut"),
        (TRACEBACK, "ValueError: no values"),
        (b"\n first line \nsecond", "first line"),
        (b"[1]", "[1]"),
        (b"\xff", "\ufffd"),
        (b"", ""),
    ],
)
def test_the_reason_is_one_line(body: bytes, reason: str) -> None:
    assert refusal.reason_in(body) == reason
