"""Turns the outcome of a case with an expectation, or of a bad input, into a case of the evidence.

For any model: nothing here knows a format. May not send requests.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from deploy import evidence, expectations
from deploy.async_client import Completed, Failed, Outcome, Unanswered
from deploy.config.case_sections import ExpectSection
from deploy.evidence import Finding, Metric
from harness.cases import Case, Demands
from harness.checks import golden as check
from harness.checks import refusal
from harness.checks.golden import Verdict
from harness.goldens import Golden
from harness.rehearsal import recording


def judge(
    case: Case, outcome: Outcome, demands: Demands, started: datetime, held: Verdict | None = None
) -> evidence.Case:
    """`held` is the verdict on the answer beside its golden, where the case has one."""
    findings = (*_findings(case, outcome, demands), *(held.findings if held else ()))
    failure = recording.failure(outcome) if isinstance(outcome, Failed) else None
    metrics = (*_metrics(case.expectation, outcome), *(held.metrics if held else ()))
    return recording.record(case, outcome, started, findings, failure=failure, metrics=metrics)


def held(case: Case, outcome: Outcome, demands: Demands, golden: Golden) -> Verdict | None:
    """The answer beside its golden; None without an answer, and for an empty one, which is said already."""
    if not isinstance(outcome, Completed) or not outcome.body:
        return None
    own = case.expectation.golden_tolerance if case.expectation else None
    tolerance = demands.golden.overlaid(own)
    return check.judge(golden, outcome.body, outcome.content_type, tolerance, demands.weights_sha256)


def _findings(case: Case, outcome: Outcome, demands: Demands) -> Iterator[Finding]:
    if isinstance(outcome, Unanswered):
        yield recording.silence(outcome.waited_seconds)
        return
    if demands.is_notified:
        yield from recording.notification_findings(outcome)
    if isinstance(outcome, Completed):
        yield from _of_answer(case, outcome)
    elif case.expects == "completed":
        yield _unexpected(case, outcome, demands.timeout_seconds)
    else:
        yield from _of_refusal(case, outcome)


def _of_answer(case: Case, outcome: Completed) -> Iterator[Finding]:
    if case.expects == "either":
        yield refusal.accepted()
    if case.expects != "completed" or case.expectation is None:
        return
    yield from expectations.judge(outcome.body, outcome.content_type, expect=case.expectation, accept=case.accept)


def _unexpected(case: Case, outcome: Failed, timeout_seconds: int | None) -> Finding:
    status = recording.http_status(outcome)
    cause = recording.cause_of(outcome)
    return Finding(
        check="outcome",
        severity="error",
        message=f"{status}: {cause}" if status else cause,
        where=case.clip.path.name,
        advice=_advice(case, outcome, timeout_seconds),
    )


def _advice(case: Case, outcome: Failed, timeout_seconds: int | None) -> str:
    if timeout_seconds is not None and outcome.seconds >= timeout_seconds:
        return (
            f"the handler had not answered after invocation_timeout_seconds = {timeout_seconds}, when its worker is "
            "ended: make it faster, or raise that in [endpoint]"
        )
    return f"it was sent as {case.clip.content_type}; the container's log has more"


def _of_refusal(case: Case, outcome: Failed) -> Iterator[Finding]:
    status, wanted = recording.http_status(outcome), case.expectation.code if case.expectation else None
    if wanted is None:
        # A stranger's handler is told of an impolite refusal; a demand for a refusal is a demand for a polite one.
        yield from refusal.judge(status, outcome.body, severity="warning" if case.expects == "either" else "error")
    elif status != wanted:
        yield Finding(
            check="outcome",
            severity="error",
            message=f"refused with {status or 'no HTTP status'}, expected is {wanted}: {recording.cause_of(outcome)}",
            where=case.clip.path.name,
            advice="correct how the handler refuses it, or the case's expect.code",
        )


def _metrics(expectation: ExpectSection | None, outcome: Outcome) -> Iterator[Metric]:
    limit = expectation.max_seconds if expectation else None
    if limit is not None and isinstance(outcome, Completed | Failed):
        yield Metric(name="request_seconds", value=round(recording.total_seconds(outcome), 3), at_most=limit)
