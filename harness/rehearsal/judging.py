"""Turns the outcome of a request into a case of the evidence, with its findings, numbers and pictures.

Owns which checks run on a detector's answer; `expected` judges every other case. May not send requests or write files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from deploy import evidence
from deploy.async_client import Completed, Failed, Outcome
from deploy.evidence import Finding
from harness.cases import Case, Clip, Demands, Predictions, Truth
from harness.cases.footage import is_damaged
from harness.checks import answer, known_answer
from harness.checks.golden import Verdict
from harness.core.errors import MalformedDocument
from harness.goldens import Golden, NotOfKindError, content_of
from harness.rehearsal import drawable, expected, recording
from harness.rehearsal.recording import record
from harness.report.drawing.clip import CasePictures


@dataclass(frozen=True)
class Judged:
    record: evidence.Case
    pictures: CasePictures | None = None
    answer: Golden | None = None
    """The answer itself, where it is wanted for a golden."""
    unfit: str = ""
    """Why it can be none."""

    def timed(self, seconds: Mapping[str, float]) -> Judged:
        """This case with the emulator's seconds by phase."""
        queue = seconds.get("queue", 0.0) + seconds.get("download", 0.0)
        known = {"queue_seconds": queue, "model_seconds": seconds.get("container")}
        timings = self.record.timings.model_copy(update=known)
        return replace(self, record=self.record.model_copy(update={"timings": timings}))


def judge(case: Case, outcome: Outcome, demands: Demands, started: datetime, golden: Golden | None = None) -> Judged:
    """With a `golden` the answer is held against it, too."""
    if case.expectation is not None or case.expects != "completed":
        return _judge_expected(case, outcome, demands, started, golden)
    if isinstance(outcome, Completed):
        return _judge_completed(case, outcome, demands, started)
    if isinstance(outcome, Failed):
        findings = (_failed(case, outcome), *_notification_findings(outcome, demands))
        return Judged(record(case, outcome, started, findings, failure=recording.failure(outcome)))
    return Judged(record(case, outcome, started, (recording.silence(outcome.waited_seconds),)))


def _judge_expected(case: Case, outcome: Outcome, demands: Demands, started: datetime, golden: Golden | None) -> Judged:
    held = expected.held(case, outcome, demands, golden) if golden else None
    found = expected.judge(case, outcome, demands, started, held)
    if held is None or golden is None or golden.kind != "detections" or not isinstance(outcome, Completed):
        return Judged(found)
    return _with_pictures(case, outcome, found, golden, held)


def _with_pictures(case: Case, outcome: Completed, found: evidence.Case, golden: Golden, held: Verdict) -> Judged:
    """A detector's answer with what is seen in it; the frames that drifted are shown beside the golden's."""
    try:
        answer = drawable.predictions_of(content_of("detections", outcome.body, outcome.content_type))
    except (NotOfKindError, MalformedDocument):  # which its findings say
        return Judged(found)
    was = drawable.predictions_of(golden.content)
    counted = found.model_copy(
        update={
            "frames": evidence.Frames(expected=len(was.frames), sampled=len(answer.frames)),
            "detection_count": sum(len(frame.detections) for frame in answer.frames),
        }
    )
    media = case.clip.path
    if held.frames:
        return Judged(counted, drawable.beside(case.name, media, was, answer, held.frames))
    return Judged(counted, drawable.pictures_of(case.name, media, answer))


def _judge_completed(case: Case, outcome: Completed, demands: Demands, started: datetime) -> Judged:
    try:
        predictions = Predictions.parse(outcome.body, what=f"the answer to {case.name}")
    except MalformedDocument as error:
        finding = Finding(
            check="answer.format", severity="error", message=str(error), advice="see handler/predictions.schema.json"
        )
        return Judged(record(case, outcome, started, (finding,)))
    interval = demands.frame_interval or predictions.frame_interval or 1
    verdict = _verdict(case.truth, predictions, demands)
    findings = (
        *_notification_findings(outcome, demands),
        *answer.told(predictions),
        *_answer_findings(case, predictions, interval),
        *verdict.findings,
    )
    found = record(
        case,
        outcome,
        started,
        findings,
        frames=evidence.Frames(expected=_expected(case.clip, interval), sampled=len(predictions.frames)),
        detection_count=sum(len(frame.detections) for frame in predictions.frames),
        metrics=verdict.metrics,
    )
    return Judged(found, drawable.pictures_of(case.name, case.clip.path, predictions, case.truth))


def summary(judged: evidence.Case) -> str:
    """The outcome of the case, in one line for the terminal."""
    if judged.frames:
        parts = [f"{judged.frames.sampled} frames, {judged.detection_count} detections"]
        parts += [f"{metric.name} {metric.value:.3f}" for metric in judged.metrics[:1] if metric.value is not None]
    elif judged.failure:
        code = f" {judged.failure.code}" if judged.failure.code else ""
        parts = [f"failed with {judged.failure.http_status or 'no answer'}{code}"]
    else:
        parts = [judged.outcome.replace("_", " ")]
    gravest = sorted(judged.findings, key=lambda finding: finding.severity != "error")
    parts += [finding.message for finding in gravest if finding.severity != "info"][:1]
    return "; ".join(parts)


@dataclass(frozen=True)
class _AgainstTruth:
    findings: tuple[Finding, ...] = ()
    metrics: tuple[evidence.Metric, ...] = ()


def _verdict(truth: Truth | None, predictions: Predictions, demands: Demands) -> _AgainstTruth:
    if truth is None:
        return _AgainstTruth()
    verdict = known_answer.judge(
        predictions, truth, map50_at_least=demands.map50_at_least, frame_interval=demands.frame_interval
    )
    metrics = [
        evidence.Metric(name="map_50", value=round(verdict.boxes.map50, 4), at_least=demands.map50_at_least),
        evidence.Metric(name="map_50_95", value=round(verdict.boxes.map50_95, 4)),
    ]
    if verdict.masks:
        metrics.append(evidence.Metric(name="mask_map_50", value=round(verdict.masks.map50, 4)))
    return _AgainstTruth(verdict.findings, tuple(metrics))


def _answer_findings(case: Case, predictions: Predictions, interval: int) -> tuple[Finding, ...]:
    """The findings of the general check; none for a case with a truth, whose own check covers more."""
    if case.truth is not None:
        return ()
    if case.clip.facts is None:
        return (answer.unjudged(),)
    return answer.judge(predictions, case.clip.facts, interval, lambda: is_damaged(case.clip.path))


def _notification_findings(outcome: Completed | Failed, demands: Demands) -> Iterator[Finding]:
    return recording.notification_findings(outcome) if demands.is_notified else iter(())


def _failed(case: Case, outcome: Failed) -> Finding:
    cause = recording.cause_of(outcome)
    return Finding(check="outcome", severity="error", message=cause, where=case.clip.path.name, advice=outcome.reason)


def _expected(clip: Clip, interval: int) -> int | None:
    return clip.facts.sampled_count(interval) if clip.facts else None
