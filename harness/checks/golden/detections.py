"""A detector's answer against the recorded one, frame by frame, with a finding for each frame that drifted."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deploy.config.case_sections import GoldenSection
from deploy.evidence import Finding
from deploy.evidence.findings import Severity
from harness.cases import Detection, PredictedFrame, Predictions
from harness.cases.matching import frames_in_words
from harness.checks import masks
from harness.checks.golden.bounded import Verdict, bounded, finding, listed
from harness.checks.pairing import Match, Paired, pair


def judge(expected: Any, found: Any, tolerance: GoldenSection) -> Verdict:
    """Both are documents of `rehearsal.predictions/1`, as `harness.goldens` reads them."""
    golden, answer = predictions_of(expected), predictions_of(found)
    pairs = _paired(golden, answer)
    drift = _Drift(tolerance, _threshold(golden))
    by_kind = [list(each) for each in drift.findings(pairs)]
    findings = (
        *_of_the_whole(golden, answer),
        *_times(golden, answer, tolerance),
        *(told for found in by_kind for told in bounded(found, "frames like this")),
    )
    measured = _measured([match for each in pairs for match in each.matched], tolerance)
    errors = [each.where or "" for found in by_kind for each in found if each.severity == "error"]
    drifted = {int(where.removeprefix("frame ")) for where in errors}
    return Verdict(
        findings,
        tuple((name, value) for name, value, _, _ in measured),
        tuple((name, side, limit) for name, _, side, limit in measured),
        frozenset(drifted | _frames_apart(golden, answer)),
        f"{len(golden.frames)} frames, {sum(len(each.matched) for each in pairs)} objects",
    )


def predictions_of(document: Any) -> Predictions:
    return Predictions.parse(json.dumps(document).encode(), what="the answer")


def _paired(golden: Predictions, answer: Predictions) -> list[Paired]:
    """Every frame of both; what is in one of them alone is told once, as a frame."""
    found, there = _by_index(answer.frames), _by_index(golden.frames)
    return [pair(index, found[index], there[index]) for index in sorted(found.keys() & there.keys())]


def _by_index(frames: Sequence[PredictedFrame]) -> Mapping[int, tuple[Detection, ...]]:
    found: dict[int, tuple[Detection, ...]] = {}
    for frame in frames:
        found[frame.frame_index] = (*found.get(frame.frame_index, ()), *frame.detections)
    return found


def _threshold(golden: Predictions) -> float | None:
    """The score from which the recorded answer has objects, where it says so."""
    stated = golden.settings.get("score_threshold")
    return float(stated) if isinstance(stated, int | float) else None


def _frames_apart(golden: Predictions, answer: Predictions) -> set[int]:
    mine, theirs = ({frame.frame_index for frame in each.frames} for each in (answer, golden))
    return mine ^ theirs


@dataclass(frozen=True)
class _Drift:
    tolerance: GoldenSection
    threshold: float | None

    def findings(self, pairs: Sequence[Paired]) -> Iterator[Iterator[Finding]]:
        yield (self._apart(each, "lost", each.lost, "not found any more: ") for each in pairs if each.lost)
        yield (self._apart(each, "new", each.new, "found, and not in the golden: ") for each in pairs if each.new)
        yield (self._renamed(each) for each in pairs if each.relabelled)
        for name, measure in (("moved", self._moved), ("score", self._scored), ("mask", self._masked)):
            said = ((each, [words for match in each.matched if (words := measure(match))]) for each in pairs)
            yield (finding(name, f"{_LEADS[name]}{listed(words)}", where=_at(each)) for each, words in said if words)

    def _apart(self, frame: Paired, check: str, things: Sequence[Detection], lead: str) -> Finding:
        """An object at the threshold is in one answer or the other by rounding alone: that is a warning."""
        near = all(self._is_near(thing.score) for thing in things)
        severity: Severity = "warning" if near else "error"
        said = lead + listed([_named(thing) for thing in things])
        ending = f"; the threshold is {self.threshold:g}" if near else ""
        return finding(check, said + ending, where=_at(frame), severity=severity)

    def _is_near(self, score: float) -> bool:
        return self.threshold is not None and _within(abs(score - self.threshold), self.tolerance.score)

    def _renamed(self, frame: Paired) -> Finding:
        said = [f"{_named(found)} was {expected.label} ({expected.score:.3f})" for found, expected in frame.relabelled]
        return finding("label", listed(said), where=_at(frame))

    def _moved(self, match: Match) -> str | None:
        if _within(match.box_drift, self.tolerance.box_pixels):
            return None
        return f"{_named(match.found)} by {match.box_drift:.4g} px from {_sides(match.expected)}"

    def _scored(self, match: Match) -> str | None:
        if _within(match.score_drift, self.tolerance.score):
            return None
        return f"{match.found.label} {match.found.score:.4f}, was {match.expected.score:.4f}"

    def _masked(self, match: Match) -> str | None:
        overlap = _mask_overlap(match)
        if overlap is None or _within(self.tolerance.mask_iou - overlap, 0.0):
            return None
        has, had = match.found.mask is not None, match.expected.mask is not None
        said = f"overlaps by {overlap:.3f}" if has and had else "is gone" if had else "is new"
        return f"the mask of {_named(match.found)} {said}"


_LEADS = {"moved": "moved: ", "score": "other scores: ", "mask": "other masks: "}


def _of_the_whole(golden: Predictions, answer: Predictions) -> Iterator[Finding]:
    wanted, got = ([frame.frame_index for frame in each.frames] for each in (golden, answer))
    if wanted != got:
        yield finding("frames", _frames_in_words(wanted, got))
    size, was = ((each.video.width, each.video.height) for each in (answer, golden))
    if size != was:
        yield finding("size", f"boxes are in a picture of {size[0]}x{size[1]} pixels, and were in {was[0]}x{was[1]}")
    if dict(answer.labels) != dict(golden.labels):
        yield finding("labels", f"the labels are {_labels(answer)}, and were {_labels(golden)}")
    told, once = ([(each.code, each.lost_frames, each.damaged_frames) for each in answers.warnings]
                  for answers in (answer, golden))  # fmt: skip
    if told != once:
        said = listed([each.message for each in answer.warnings]) or "of nothing"
        was_said = listed([each.message for each in golden.warnings]) or "of nothing"
        yield finding("warnings", f"the answer warns {said}; the golden {was_said}")
    yield from _settings(golden, answer)


def _settings(golden: Predictions, answer: Predictions) -> Iterator[Finding]:
    """Other settings explain a drift, and are none themselves."""
    names = sorted(golden.settings.keys() | answer.settings.keys())
    values = ((name, answer.settings.get(name), golden.settings.get(name)) for name in names)
    other = [f"{name} is {json.dumps(now)}, and was {json.dumps(was)}" for name, now, was in values if now != was]
    if other:
        yield finding("settings", f"it was answered with other settings: {listed(other)}", severity="warning")


def _times(golden: Predictions, answer: Predictions, tolerance: GoldenSection) -> Iterator[Finding]:
    was = {frame.frame_index: frame.pts_seconds for frame in golden.frames}
    known = [frame for frame in answer.frames if frame.frame_index in was]
    other = [frame for frame in known if not _is_at(frame.pts_seconds, was[frame.frame_index], tolerance)]
    if other:
        first = other[0]
        said = f"{_time(first.pts_seconds)}, was {_time(was[first.frame_index])}"
        yield finding("times", f"{len(other)} frames have another time: {said}", where=f"frame {first.frame_index}")


def _is_at(time: float | None, was: float | None, tolerance: GoldenSection) -> bool:
    if time is None or was is None:
        return time is was
    return _within(abs(time - was), tolerance.time_seconds)


def _time(seconds: float | None) -> str:
    return "no time" if seconds is None else f"{seconds:.6g} s"


def _frames_in_words(wanted: Sequence[int], got: Sequence[int]) -> str:
    lost, new = sorted(set(wanted) - set(got)), sorted(set(got) - set(wanted))
    parts = [f"{frames_in_words(lost)} not answered"] if lost else []
    parts += [f"{frames_in_words(new)} not in the golden"] if new else []
    return f"{len(got)} frames, the golden has {len(wanted)}: {'; '.join(parts) or 'in another order, or one twice'}"


def _labels(answer: Predictions) -> str:
    return listed([f"{number} {name}" for number, name in answer.labels.items()], most=10)


Measured = tuple[str, float, str, float]


def _measured(matched: Sequence[Match], tolerance: GoldenSection) -> list[Measured]:
    """What was measured with its limit, of the objects that are in both answers."""
    if not matched:
        return []
    moved, scored = max(each.box_drift for each in matched), max(each.score_drift for each in matched)
    found: list[Measured] = [
        ("golden_box_drift_pixels", moved, "at_most", tolerance.box_pixels),
        ("golden_score_drift", scored, "at_most", tolerance.score),
    ]
    overlaps = [overlap for each in matched if (overlap := _mask_overlap(each)) is not None]
    return [*found, ("golden_mask_iou", min(overlaps), "at_least", tolerance.mask_iou)] if overlaps else found


def _mask_overlap(match: Match) -> float | None:
    """None where neither has a mask; 0 where one has."""
    found, expected = match.found.mask, match.expected.mask
    if found is None or expected is None:
        return None if found is expected else 0.0
    return masks.overlap(found, expected)


def _within(drift: float, limit: float) -> bool:
    """As exact decimals would have it: from 0.95 to 0.96 is 0.01, whatever their binary forms."""
    return drift <= limit * (1 + 1e-9) + 1e-9


def _named(thing: Detection) -> str:
    return f"{thing.label} {thing.score:.3f} at {_sides(thing)}"


def _sides(thing: Detection) -> str:
    return f"[{', '.join(f'{side:.1f}' for side in thing.box)}]"


def _at(frame: Paired) -> str:
    return f"frame {frame.frame_index}"
