"""Turns the outcome of a request into a case of the evidence, with its findings, numbers and pictures.

Owns which checks run on which outcome. May not send requests or write files.
"""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

from deploy import evidence
from deploy.async_client import Completed, Failed, Notification, Outcome
from deploy.evidence import Finding
from harness.cases import Case, Clip, Demands, Predictions, Rle, Truth, input_record
from harness.cases.footage import is_damaged
from harness.checks import answer, known_answer
from harness.core.errors import MalformedDocument
from harness.report.drawing.clip import CasePictures
from harness.report.drawing.pictures import Detection, FrameDetections

# The evidence keeps so many characters of a failure object.
FAILURE_BODY_LIMIT = 4000
_REASON_STATUS = re.compile(r"error \((\d+)\) from")


@dataclass(frozen=True)
class Judged:
    record: evidence.Case
    pictures: CasePictures | None = None

    def timed(self, seconds: Mapping[str, float]) -> Judged:
        """This case with the emulator's seconds by phase."""
        queue = seconds.get("queue", 0.0) + seconds.get("download", 0.0)
        known = {"queue_seconds": queue, "model_seconds": seconds.get("container")}
        timings = self.record.timings.model_copy(update=known)
        return replace(self, record=self.record.model_copy(update={"timings": timings}))


def judge(case: Case, outcome: Outcome, demands: Demands, started: datetime) -> Judged:
    if isinstance(outcome, Completed):
        return _judge_completed(case, outcome, demands, started)
    if isinstance(outcome, Failed):
        return Judged(_record(case, outcome, started, _failed_findings(case, outcome), failure=_failure(outcome)))
    silence = Finding(
        check="outcome",
        severity="error",
        message=f"neither the output nor the failure object appeared within {outcome.waited_seconds:g} s",
        advice="look at the container's log; raise validate.timeout_seconds if it was still working",
    )
    return Judged(_record(case, outcome, started, (silence,)))


def _judge_completed(case: Case, outcome: Completed, demands: Demands, started: datetime) -> Judged:
    try:
        predictions = Predictions.parse(outcome.body, what=f"the answer to {case.name}")
    except MalformedDocument as error:
        finding = Finding(
            check="answer.format", severity="error", message=str(error), advice="see handler/predictions.schema.json"
        )
        return Judged(_record(case, outcome, started, (finding,)))
    interval = demands.frame_interval or predictions.frame_interval or 1
    verdict = _verdict(case.truth, predictions, demands)
    findings = (
        *_notification_findings(outcome),
        *answer.told(predictions),
        *_answer_findings(case, predictions, interval),
        *verdict.findings,
    )
    record = _record(
        case,
        outcome,
        started,
        findings,
        frames=evidence.Frames(expected=_expected(case.clip, interval), sampled=len(predictions.frames)),
        detection_count=sum(len(frame.detections) for frame in predictions.frames),
        metrics=verdict.metrics,
    )
    return Judged(record, CasePictures(case.name, case.clip.path, _drawable(predictions, case.truth)))


def summary(record: evidence.Case) -> str:
    """The outcome of the case, in one line for the terminal."""
    if record.frames:
        parts = [f"{record.frames.sampled} frames, {record.detection_count} detections"]
        parts += [f"{metric.name} {metric.value:.3f}" for metric in record.metrics[:1] if metric.value is not None]
    elif record.failure:
        code = f" {record.failure.code}" if record.failure.code else ""
        parts = [f"failed with {record.failure.http_status or 'no answer'}{code}"]
    else:
        parts = [record.outcome.replace("_", " ")]
    gravest = sorted(record.findings, key=lambda finding: finding.severity != "error")
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


def _notification_findings(outcome: Completed | Failed) -> Iterator[Finding]:
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


def _failed_findings(case: Case, outcome: Failed) -> tuple[Finding, ...]:
    notes = tuple(_notification_findings(outcome))
    if case.expects == "failed":
        return notes
    body = outcome.body.decode("utf-8", errors="replace").strip().split("\n", 1)[0]
    cause = _error_of(outcome.body).get("message") or body or outcome.reason
    finding = Finding(
        check="outcome", severity="error", message=cause, where=case.clip.path.name, advice=outcome.reason
    )
    return (finding, *notes)


def _failure(outcome: Failed) -> evidence.Failure:
    status = _REASON_STATUS.search(outcome.reason)
    return evidence.Failure(
        reason=outcome.reason,
        http_status=int(status.group(1)) if status else None,
        code=_error_of(outcome.body).get("code"),
        body=outcome.body.decode("utf-8", errors="replace")[:FAILURE_BODY_LIMIT],
    )


def _error_of(body: bytes) -> Mapping[str, str]:
    """The handler's `{"error": {"code", "message"}}` in the first line; empty when the body has another form."""
    try:
        error = json.loads(body.split(b"\n", 1)[0])["error"]
        return {"code": str(error["code"]), "message": str(error["message"])}
    except (ValueError, KeyError, TypeError):
        return {}


def _record(
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
    return evidence.Case(
        name=case.name,
        kind=case.kind,
        expected_outcome=case.expects,
        outcome="completed" if isinstance(outcome, Completed) else "failed" if ended else "timed_out",
        input=input_record(case.clip),
        started=started,
        inference_id=outcome.submitted.inference_id,
        output_location=outcome.submitted.output_url,
        failure_location=outcome.submitted.failure_url,
        failure=failure,
        notification=_notification(ended.notification) if ended else None,
        timings=_timings(ended) if ended else evidence.Timings(),
        frames=frames,
        detection_count=detection_count,
        metrics=metrics,
        findings=findings,
    )


def _timings(ended: Completed | Failed) -> evidence.Timings:
    total_seconds = (ended.upload_seconds or 0.0) + ended.seconds
    return evidence.Timings(upload_seconds=ended.upload_seconds, total_seconds=total_seconds)


def _notification(found: Notification | None) -> evidence.Notification | None:
    if found is None or found.status is None:
        return None
    return evidence.Notification(
        topic=found.topic,
        invocation_status=found.status,
        failure_reason=found.failure_reason or "",
    )


def _expected(clip: Clip, interval: int) -> int | None:
    return clip.facts.sampled_count(interval) if clip.facts else None


def _drawable(predictions: Predictions, truth: Truth | None) -> tuple[FrameDetections, ...]:
    there = {frame.frame_index: frame.objects for frame in truth.frames} if truth else {}
    return tuple(
        FrameDetections(
            frame.frame_index,
            frame.pts_seconds or 0.0,
            tuple(Detection(found.box, found.label, found.score, _mask(found.mask)) for found in frame.detections),
            tuple(Detection(thing.box, thing.label) for thing in there.get(frame.frame_index, ())),
        )
        for frame in predictions.frames
    )


def _mask(rle: Rle | None) -> NDArray[np.bool_] | None:
    if rle is None:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # pycocotools 2.0.11 lacks numpy 2's `copy` keyword
        decoded = coco_mask.decode({"size": list(rle.size), "counts": rle.counts.encode("ascii")})
    return np.asarray(decoded, dtype=np.bool_)
