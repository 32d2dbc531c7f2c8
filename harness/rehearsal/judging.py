"""Turns the outcome of a request into a case of the evidence, with its findings, numbers and pictures.

Owns which checks run on a detector's answer; `expected` judges every other case. May not send requests or write files.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

from deploy import evidence
from deploy.async_client import Completed, Failed, Outcome
from deploy.evidence import Finding
from harness.cases import Case, Clip, Demands, Predictions, Rle, Truth
from harness.cases.footage import is_damaged
from harness.checks import answer, known_answer
from harness.core.errors import MalformedDocument
from harness.rehearsal import expected, recording
from harness.rehearsal.recording import record
from harness.report.drawing.clip import CasePictures
from harness.report.drawing.pictures import Detection, FrameDetections


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
    if case.expectation is not None or case.expects != "completed":
        return Judged(expected.judge(case, outcome, demands, started))
    if isinstance(outcome, Completed):
        return _judge_completed(case, outcome, demands, started)
    if isinstance(outcome, Failed):
        findings = (_failed(case, outcome), *_notification_findings(outcome, demands))
        return Judged(record(case, outcome, started, findings, failure=recording.failure(outcome)))
    return Judged(record(case, outcome, started, (recording.silence(outcome.waited_seconds),)))


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
    size = (predictions.video.width, predictions.video.height)
    return Judged(found, CasePictures(case.name, case.clip.path, _drawable(predictions, case.truth), size=size))


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
