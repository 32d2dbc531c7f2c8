"""The judgement on an answer: its scores, and findings that name mistakes and their cause."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from deploy.evidence import Finding, passed
from harness.cases.matching import FramePair, expected_indices, pair_frames
from harness.cases.predictions import Predictions
from harness.cases.truth import Truth
from harness.checks.known_answer import bookkeeping
from harness.checks.known_answer.causes import Evidence, likely_cause
from harness.checks.known_answer.leftovers import leftovers
from harness.checks.known_answer.scoring import Scores, score


@dataclass(frozen=True)
class KnownAnswerVerdict:
    """`boxes` and, where the answer has sound masks, `masks`: COCO's scores over expected and answered frames."""

    boxes: Scores
    masks: Scores | None
    frame_interval: int
    expected_frames: int
    answered_frames: int
    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        return passed(self.findings)


def judge(
    predictions: Predictions,
    truth: Truth,
    *,
    map50_at_least: float = 0.9,
    frame_interval: int | None = None,
    pts_tolerance_seconds: float = 0.01,
) -> KnownAnswerVerdict:
    """Judge an answer by the truth of its clip.

    `map50_at_least` is the gate for boxes and, where there are masks, for masks too. `frame_interval` is the interval
    that was asked for; without it, the answer's own settings name the interval.
    """
    interval = frame_interval or predictions.frame_interval or 1
    expected = expected_indices(truth, interval)
    pairs = pair_frames(predictions, truth, expected)
    mask_findings = tuple(bookkeeping.masks(predictions, truth))
    boxes = score(pairs, list(truth.labels), "bbox")
    masks = None if mask_findings or not _has_masks(pairs) else score(pairs, list(truth.labels), "segm")
    found = (
        *_interval(predictions, frame_interval),
        *bookkeeping.sampling(predictions, expected),
        *bookkeeping.time_stamps(predictions, truth, pts_tolerance_seconds),
        *bookkeeping.video_size(predictions, truth),
        *bookkeeping.names(predictions, truth),
        *bookkeeping.bounds(predictions, truth),
        *mask_findings,
        *_fit(predictions, truth, pairs, expected),
        *_gate("boxes", boxes, map50_at_least),
        *_gate("masks", masks, map50_at_least),
    )
    return KnownAnswerVerdict(boxes, masks, interval, len(expected), len(predictions.frames), found)


def _has_masks(pairs: Sequence[FramePair]) -> bool:
    return any(detection.mask is not None for pair in pairs for detection in pair.detections)


def _interval(predictions: Predictions, asked_for: int | None) -> Iterator[Finding]:
    stated = predictions.frame_interval
    if asked_for is None and stated is None:
        message = "neither the caller nor the answer says the frame interval; every frame is expected"
        yield Finding(
            check="known_answer.sampling",
            severity="warning",
            message=message,
            where="settings.frame_interval",
            advice="state it in `settings`",
        )
    elif asked_for is not None and stated is not None and asked_for != stated:
        message = f"a frame interval of {asked_for} was asked for; the answer says {stated}"
        advice = "look at FRAME_INTERVAL in the endpoint's environment and at the request's overrides"
        yield Finding(
            check="known_answer.sampling",
            severity="error",
            message=message,
            where="settings.frame_interval",
            advice=advice,
        )


def _fit(
    predictions: Predictions, truth: Truth, pairs: Sequence[FramePair], expected: tuple[int, ...]
) -> Iterator[Finding]:
    stated = {frame.frame_index for frame in predictions.frames}
    answered = tuple(pair for pair in pairs if pair.frame_index in stated)
    cause = likely_cause(Evidence(answered, truth, expected))
    if cause is not None:
        yield cause
    if cause is None or cause.severity != "error":
        yield from leftovers(answered)


def _gate(what: str, scores: Scores | None, map50_at_least: float) -> Iterator[Finding]:
    if scores is not None and scores.map50 < map50_at_least:
        message = f"mAP@0.5 of the {what} is {scores.map50:.3f}, below the gate of {map50_at_least:g}"
        advice = "the other findings name the likely cause; if there is none, look at the detections in the report"
        yield Finding(check="known_answer.map50", severity="error", message=message, where=what, advice=advice)
