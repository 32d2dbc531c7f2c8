"""The comparison of the recorded run with the run here, and its meaning. Pure functions."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import Field

from deploy.async_client import Completed, Failed
from deploy.evidence.record import LongText, Record, Seconds, Utc
from deploy.failed_requests.failures import Failure, understood
from deploy.failed_requests.kept import Recorded

SCHEMA: Final = "rehearsal.replayed/1"
# `failed` means that it fails here and there is no recorded failure to compare with.
Meaning = Literal["answered", "same_failure", "other_failure", "failed"]


class Side(Record):
    """One of the two runs. `code` and `status` are None where they are not known."""

    outcome: Literal["answered", "failed"]
    status: int | None
    code: str | None
    message: LongText
    file: str
    """The file of the body, in the kept folder."""
    at: Utc | None = None
    seconds: Seconds | None = None


class Replayed(Record):
    schema_id: Literal["rehearsal.replayed/1"] = Field(default=SCHEMA, alias="schema")
    tool_version: str
    folder: str
    run: str
    """The folder of this run."""
    verdict: Meaning
    input_url: str
    release: str
    bundle_sha256: str
    """The digest of the bundle that was served here."""
    recorded: Side | None
    here: Side
    runtime: str
    image: str | None
    differences: tuple[str, ...]
    """How this run differs from the recorded one."""
    log_excerpt: str


def recorded_side(recorded: Recorded, file: str) -> Side:
    return Side(
        outcome="failed",
        status=recorded.status,
        code=recorded.code,
        message=recorded.message,
        file=file,
        at=recorded.at,
    )


def here_side(answer: Completed | Failed, status: int | None, file: str) -> Side:
    if isinstance(answer, Completed):
        message = f"{len(answer.body)} bytes of {answer.content_type}"
        return Side(outcome="answered", status=200, code=None, message=message, file=file, seconds=answer.seconds)
    failure = understood(answer.body, status=status)
    return Side(
        outcome="failed",
        status=failure.status,
        code=failure.code,
        message=failure.message,
        file=file,
        seconds=answer.seconds,
    )


def compare(recorded: Side | None, here: Side) -> Meaning:
    if here.outcome == "answered":
        return "answered"
    if recorded is None:
        return "failed"
    return "same_failure" if _failure(recorded).is_same_as(_failure(here)) else "other_failure"


def _failure(side: Side) -> Failure:
    return Failure(side.code, side.message, side.status)
