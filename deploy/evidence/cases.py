"""Cases (one request each) and checks (one judgement each), with their metrics and findings.

Both carry what they demanded beside what they saw, so that a reader can judge again without the code that ran them.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from deploy.evidence.findings import Finding, passed
from deploy.evidence.record import Count, Judgement, LongText, ReadableText, Record, Seconds, Sha256, Slug, Utc

CaseOutcome = Literal["completed", "failed", "expired", "timed_out", "not_run"]


class Metric(Record):
    """A measured number, its unit in the name (`map_50`, `forward_p95_seconds`), with the limits it was held to.

    `value` None: it should have been measured and could not be.
    """

    name: Slug
    value: float | None
    at_least: float | None = None
    at_most: float | None = None

    @property
    def judgement(self) -> Judgement:
        if self.value is None:
            return "inconclusive"
        low = self.at_least is not None and self.value < self.at_least
        high = self.at_most is not None and self.value > self.at_most
        return "failed" if low or high else "passed"


class InputFile(Record):
    """The media that was sent; dimensions are None when they could not be read or are not known."""

    file: ReadableText
    size_bytes: Count
    sha256: Sha256
    content_type: str
    width_pixels: Count | None = None
    height_pixels: Count | None = None
    frame_count: Count | None = None
    duration_seconds: Seconds | None = None


class Failure(Record):
    """How a request failed: the container's HTTP status, the handler's stable error code, the body as it came."""

    reason: LongText
    http_status: int | None = None
    code: str | None = None
    body: LongText = ""


class Notification(Record):
    """The SNS message about the request, as received."""

    topic: Literal["success", "error"]
    invocation_status: str
    failure_reason: LongText = ""
    received_after_seconds: Seconds | None = None


class Timings(Record):
    """None means not measured. `queue_seconds`: from accepted to handed to the container, with the input's download;
    `total_seconds`: from the start of the upload to the result object."""

    upload_seconds: Seconds | None = None
    queue_seconds: Seconds | None = None
    model_seconds: Seconds | None = None
    total_seconds: Seconds | None = None


class Frames(Record):
    expected: Count | None
    sampled: Count


class Case(Record):
    """One request through the endpoint: what was sent, what was expected, what came.

    Well-known kinds: `known_answer`, `own_model` (its clip, through a model of other labels), `project_case` (of
    rehearsal.toml), `user_case` and `user_video` (given on the command line), `bad_input`, `recovery`.
    """

    name: ReadableText = Field(min_length=1)
    kind: Slug
    expected_outcome: CaseOutcome = "completed"
    outcome: CaseOutcome
    served_by: Literal["own", "companion"] = "own"
    """The project's own model, or the harness's small one, which knows the known answer, behind the same handler."""
    input: InputFile | None = None
    started: Utc | None = None
    inference_id: str | None = None
    output_location: str | None = None
    failure_location: str | None = None
    failure: Failure | None = None
    notification: Notification | None = None
    timings: Timings = Timings()
    frames: Frames | None = None
    detection_count: Count | None = None
    metrics: tuple[Metric, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def judgement(self) -> Judgement:
        if self.outcome == "not_run":
            return "inconclusive"
        if self.outcome != self.expected_outcome:
            return "failed"
        return judged(self.metrics, self.findings)


class Check(Record):
    """One judgement that is not about a single request: `lints`, `parity`, `contract`, `chaos`, `memory`, ..."""

    name: Slug
    outcome: Literal["passed", "failed", "inconclusive", "skipped"]
    summary: LongText = ""
    """For a skipped or inconclusive check: why."""
    seconds: Seconds | None = None
    metrics: tuple[Metric, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def judgement(self) -> Literal["passed", "failed", "inconclusive", "skipped"]:
        """`outcome`, unless the check's own metrics or findings contradict a pass."""
        return judged(self.metrics, self.findings) if self.outcome == "passed" else self.outcome


def judged(metrics: tuple[Metric, ...], findings: tuple[Finding, ...]) -> Judgement:
    judgements = {metric.judgement for metric in metrics}
    if "failed" in judgements or not passed(findings):
        return "failed"
    return "inconclusive" if "inconclusive" in judgements else "passed"
