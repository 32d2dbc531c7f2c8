"""A case and its outcome as a record of the evidence: what was sent, what came, when, and what was said of it.

Owns the record alone. May not judge an answer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime

from deploy import evidence
from deploy.async_client import Completed, Failed, Notification, Outcome
from deploy.evidence import Finding
from deploy.evidence.cases import CaseOutcome
from harness.cases import Case, input_record
from harness.checks import refusal

# The evidence keeps so many characters of a failure object.
FAILURE_BODY_LIMIT = 4000
_REASON_STATUS = re.compile(r"error \((\d+)\) from")


def record(
    case: Case,
    outcome: Outcome,
    started: datetime,
    findings: tuple[Finding, ...],
    *,
    failure: evidence.Failure | None = None,
    frames: evidence.Frames | None = None,
    detection_count: int | None = None,
    metrics: tuple[evidence.Metric, ...] = (),
) -> evidence.Case:
    ended = outcome if isinstance(outcome, Completed | Failed) else None
    came: CaseOutcome = "completed" if isinstance(outcome, Completed) else "failed" if ended else "timed_out"
    return evidence.Case(
        name=case.name,
        kind=case.kind,
        expected_outcome=expected_outcome(case, came),
        outcome=came,
        input=input_record(case.clip),
        started=started,
        inference_id=outcome.submitted.inference_id,
        output_location=outcome.submitted.output_url or None,
        failure_location=outcome.submitted.failure_url,
        failure=failure,
        notification=_notification(ended, started) if ended else None,
        timings=_timings(ended) if ended else evidence.Timings(),
        frames=frames,
        detection_count=detection_count,
        metrics=metrics,
        findings=findings,
    )


def not_run(case: Case, finding: Finding) -> evidence.Case:
    """A case that could not be sent, or of which nothing is known."""
    return evidence.Case(
        name=case.name,
        kind=case.kind,
        expected_outcome=expected_outcome(case, "not_run"),
        outcome="not_run",
        input=input_record(case.clip),
        findings=(finding,),
    )


def expected_outcome(case: Case, came: CaseOutcome) -> CaseOutcome:
    """Where either outcome is right, the one that came; no outcome at all is never right."""
    if case.expects != "either":
        return case.expects
    return came if came in ("completed", "failed") else "failed"


def silence(waited_seconds: float) -> Finding:
    return Finding(
        check="outcome",
        severity="error",
        message=f"no answer and no failure came within {waited_seconds:g} s",
        advice="look at the container's log; raise validate.timeout_seconds if it was still working",
    )


def notification_findings(outcome: Completed | Failed) -> Iterator[Finding]:
    wanted = ("success", "Completed") if isinstance(outcome, Completed) else ("error", "Failed")
    found = outcome.notification
    if found is None:
        yield Finding(
            check="notification",
            severity="error",
            message=f"the request ended as {wanted[1]}, but no notification came",
        )
    elif (found.topic, found.status) != wanted:
        said = f"the {found.topic} topic says {found.status}"
        yield Finding(check="notification", severity="error", message=f"the request ended as {wanted[1]}, but {said}")


def failure(outcome: Failed) -> evidence.Failure:
    return evidence.Failure(
        reason=outcome.reason,
        http_status=http_status(outcome),
        code=error_of(outcome.body).get("code"),
        body=outcome.body.decode("utf-8", errors="replace")[:FAILURE_BODY_LIMIT],
    )


def http_status(outcome: Failed) -> int | None:
    """The container's status; None when it gave none (SageMaker's reason then says 0)."""
    if outcome.http_status is not None:
        return outcome.http_status or None
    found = _REASON_STATUS.search(outcome.reason)
    return int(found.group(1)) or None if found else None


def error_of(body: bytes) -> Mapping[str, str]:
    """The handler's `{"error": {"code", "message"}}` in the first line; empty when the body has another form."""
    try:
        error = json.loads(body.split(b"\n", 1)[0])["error"]
        return {"code": str(error["code"]), "message": str(error["message"])}
    except (ValueError, KeyError, TypeError):
        return {}


def cause_of(outcome: Failed) -> str:
    """Why it failed, in one line: what the container said, else SageMaker's reason."""
    return refusal.reason_in(outcome.body) or outcome.reason


def total_seconds(ended: Completed | Failed) -> float:
    """From the start of the upload to the result."""
    return (ended.upload_seconds or 0.0) + ended.seconds


def _timings(ended: Completed | Failed) -> evidence.Timings:
    return evidence.Timings(upload_seconds=ended.upload_seconds, total_seconds=total_seconds(ended))


def _notification(ended: Completed | Failed, started: datetime) -> evidence.Notification | None:
    found = ended.notification
    if found is None or found.status is None:
        return None
    return evidence.Notification(
        received_after_seconds=_seconds_to_arrival(found, started, ended.upload_seconds or 0.0),
        topic=found.topic,
        invocation_status=found.status,
        failure_reason=found.failure_reason or "",
    )


def _seconds_to_arrival(found: Notification, started: datetime, upload_seconds: float) -> float | None:
    """From the submission, which follows the upload that began at `started`; None where the queue gave no time."""
    if found.arrived is None:
        return None
    return round(max(0.0, (found.arrived - started).total_seconds() - upload_seconds), 3)
