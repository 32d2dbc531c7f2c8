"""The comparison of two answers. Pure: two documents in, findings and numbers out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from deploy.evidence import Finding, passed
from harness.cases import Predictions, Rle
from harness.cases.matching import FramePair
from harness.cases.predictions import Detection
from harness.cases.truth import TrueObject
from harness.checks.known_answer.scoring import score
from harness.checks.pairing import Match, pair

# So many findings of one kind are shown; the rest are counted.
_SHOWN = 20
_ADVICE = (
    "compare with PRECISION=fp32 and without FRAME_WIDTH and FRAME_HEIGHT; if it stays, the handler computes otherwise"
)


@dataclass(frozen=True)
class Tolerance:
    """The differences that are allowed. An object whose score is within `score` of the threshold may be in one only."""

    box_pixels: float
    score: float


# Float32 against float32 differs by rounding and by the decimals of the document.
SAME = Tolerance(box_pixels=0.01, score=1e-4)
# This is for fp16 or bf16 against float32.
REDUCED = Tolerance(box_pixels=4.0, score=0.05)


@dataclass(frozen=True)
class Parity:
    """`metrics` by name: `matched_count`, `label_agreement`, `box_drift_max_pixels`, `score_drift_max`, `map_drift`...

    `threshold` is the score from which objects were compared.
    """

    findings: tuple[Finding, ...]
    metrics: Mapping[str, float]
    frame_count: int
    threshold: float

    @property
    def passed(self) -> bool:
        return passed(self.findings)

    @property
    def has_compared(self) -> bool:
        """Whether either answer has an object."""
        return any(self.metrics[name] for name in ("matched_count", "relabelled_count", "lost_count", "new_count"))

    @property
    def summary(self) -> str:
        drift = (
            f"boxes drift by at most {self.metrics['box_drift_max_pixels']:.3g} px, "
            f"scores by {self.metrics['score_drift_max']:.2g}"
        )
        counts = f"{self.metrics['lost_count']:.0f} lost, {self.metrics['new_count']:.0f} new"
        labels = f"{100 * self.metrics['label_agreement']:.4g} % of the labels agree"
        found = f"{self.frame_count} frames, {self.metrics['matched_count']:.0f} objects matched, {counts}"
        return f"{found}; {labels}, {drift}, mAP by {self.metrics['map_drift']:.2g}"


def judge(answer: Predictions, reference: Predictions, threshold: float, tolerance: Tolerance) -> Parity:
    """Compare `answer` (its objects of at least `threshold`) with `reference` (all objects, on some of its frames)."""
    found = {frame.frame_index: frame.detections for frame in answer.frames}
    missing = [frame.frame_index for frame in reference.frames if frame.frame_index not in found]
    pairs = [
        pair(frame.frame_index, found.get(frame.frame_index, ()), frame.detections, threshold)
        for frame in reference.frames
    ]
    matched = [match for each in pairs for match in each.matched]
    relabelled = [(each.frame_index, found, expected) for each in pairs for found, expected in each.relabelled]
    lost = [(each.frame_index, thing) for each in pairs for thing in each.lost]
    new = [(each.frame_index, thing) for each in pairs for thing in each.new]
    precision = _mean_average_precision(found, reference, threshold)
    findings = (
        *(
            [Finding(check="parity.frames", severity="error", message=f"the answer lacks frames {missing}")]
            if missing
            else []
        ),
        *_relabelled(relabelled, threshold, tolerance),
        *_objects("lost", "torchvision finds {what}, the handler does not", lost, threshold, tolerance),
        *_objects("new", "the handler finds {what}, torchvision does not", new, threshold, tolerance),
        *_drifted(matched, tolerance),
    )
    metrics = {
        "matched_count": float(len(matched)),
        "relabelled_count": float(len(relabelled)),
        "label_agreement": len(matched) / (len(matched) + len(relabelled)) if matched or relabelled else 1.0,
        "lost_count": float(len(lost)),
        "new_count": float(len(new)),
        "box_drift_max_pixels": max((match.box_drift for match in matched), default=0.0),
        "score_drift_max": max((match.score_drift for match in matched), default=0.0),
        "map_50_95": precision,
        "map_drift": 1.0 - precision,
    }
    return Parity(findings, metrics, len(reference.frames), threshold)


def _relabelled(
    pairs: Sequence[tuple[int, Detection, Detection]], threshold: float, tolerance: Tolerance
) -> Iterator[Finding]:
    for index, found, expected in pairs[:_SHOWN]:
        near = max(found.score, expected.score) <= threshold + tolerance.score
        message = (
            f"the handler says {found.label} ({found.score:.4f}), torchvision {expected.label} ({expected.score:.4f}) "
            f"at {[round(side, 1) for side in expected.box]}"
        )
        severity: Literal["warning", "error"] = "warning" if near else "error"
        yield Finding(
            check="parity.label",
            severity=severity,
            message=message,
            where=f"frame {index}",
            advice=None if near else _ADVICE,
        )
    if len(pairs) > _SHOWN:
        yield Finding(
            check="parity.label",
            severity="error",
            message=f"{len(pairs) - _SHOWN} more objects with another label",
            advice=_ADVICE,
        )


def _objects(
    kind: str, words: str, things: Sequence[tuple[int, Detection]], threshold: float, tolerance: Tolerance
) -> Iterator[Finding]:
    for index, thing in things[:_SHOWN]:
        near = abs(thing.score - threshold) <= tolerance.score
        what = f"{thing.label} with score {thing.score:.4f} at {[round(side, 1) for side in thing.box]}"
        message = words.format(what=what) + (f"; that is at the threshold of {threshold:g}" if near else "")
        where = f"frame {index}"
        yield Finding(
            check=f"parity.{kind}",
            severity="warning" if near else "error",
            message=message,
            where=where,
            advice=None if near else _ADVICE,
        )
    if len(things) > _SHOWN:
        yield Finding(
            check=f"parity.{kind}",
            severity="error",
            message=f"{len(things) - _SHOWN} more {kind} objects",
            advice=_ADVICE,
        )


def _drifted(matched: Sequence[Match], tolerance: Tolerance) -> Iterator[Finding]:
    for name, limit, unit in (("box", tolerance.box_pixels, " px"), ("score", tolerance.score, "")):
        drifts = [(getattr(match, f"{name}_drift"), match) for match in matched]
        beyond = [drift for drift, _ in drifts if drift > limit]
        if beyond:
            worst, match = max(drifts, key=lambda pair: pair[0])
            yield Finding(
                check=f"parity.{name}_drift",
                severity="error",
                message=f"{len(beyond)} of {len(matched)} objects drift by more than {limit:g}{unit} in their {name}; "
                f"the worst, a {match.found.label}, by {worst:.4g}{unit}",
                where=f"frame {match.frame_index}",
                advice=_ADVICE,
            )


def _mean_average_precision(
    found: Mapping[int, tuple[Detection, ...]], reference: Predictions, threshold: float
) -> float:
    """COCO's mean average precision, with torchvision's objects of at least the threshold as the truth."""
    size = (reference.video.height, reference.video.width)
    judged = [
        FramePair(frame.frame_index, found.get(frame.frame_index, ()), _things(frame.detections, size, threshold))
        for frame in reference.frames
    ]
    return score(judged, list(reference.labels), "bbox").map50_95


def _things(detections: Sequence[Detection], size: tuple[int, int], threshold: float) -> tuple[TrueObject, ...]:
    """The detections of at least the threshold as the objects of a truth; `track` is the position."""
    return tuple(
        TrueObject(place, thing.label_id, thing.label, thing.box, Rle(size, ""))
        for place, thing in enumerate(detections)
        if thing.score >= threshold
    )
