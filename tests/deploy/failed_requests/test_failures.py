"""What a failure's body says, and when two of them are the same failure."""

from __future__ import annotations

import json

import pytest

from deploy.failed_requests.failures import Failure, understood

TRACEBACK = "no\nTraceback (most recent call last):\n  File '/opt/ml/model/code/x.py', line 3, in f\nValueError: 3 of 5"


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        (json.dumps({"error": {"code": "unreadable_media", "message": "m"}}), "unreadable_media", "m"),
        (json.dumps({"code": 500, "type": "InternalServerException", "message": "Worker died."}),
         "InternalServerException", "Worker died."),
        (json.dumps({"code": 503, "message": "busy"}), "503", "busy"),
        (json.dumps({"detail": "x"}), None, '{"detail": "x"}'),
        (json.dumps(["x"]), None, '["x"]'),
        (json.dumps({"error": "x", "message": "y"}), None, '{"error": "x", "message": "y"}'),
        (TRACEBACK, "ValueError", "3 of 5"),
        ("Traceback (most recent call last):\n  x\nKeyboardInterrupt", None, "KeyboardInterrupt"),
        ("a sentence", None, "a sentence"),
        ("", None, "no reason given"),
    ],
)  # fmt: skip
def test_every_layers_way_of_failing_is_understood(body: str, code: str | None, message: str) -> None:
    assert understood(body.encode()) == Failure(code, message)


def test_a_body_that_is_no_text_is_shown_as_far_as_it_goes() -> None:
    assert understood(b"\xff\x00 torn").code is None


def test_the_platforms_sentence_tells_the_status() -> None:
    said = "ClientError: Received server error (0) from model. See the SageMaker Endpoint logs in your account ..."
    assert understood(said.encode()).status == 0
    assert understood(b"anything", status=400).status == 400


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (Failure("a", "m", 400), Failure("a", "m", 400), True),
        (Failure("a", "m", 400), Failure("a", "m", None), True),
        (Failure("a", "m", 400), Failure("a", "m", 500), False),
        (Failure("a", "m"), Failure("b", "m"), False),
        (Failure("a", "m"), Failure("a", "n"), False),
        (Failure(None, "took 3.25 s at 0x7f3a in /tmp/a/b.mp4"), Failure(None, "took 9 s at 0x1 in /tmp/c.mp4"), True),
        (Failure(None, "frame 3 is torn"), Failure(None, "clip 3 is torn"), False),
    ],
)
def test_numbers_and_paths_make_no_other_failure(one: Failure, other: Failure, same: bool) -> None:
    assert one.is_same_as(other) is same
    assert other.is_same_as(one) is same
