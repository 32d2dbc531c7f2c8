"""The cause of boxes that do not fit: each usual mistake is undone in turn, and the one whose undoing fits is named.

Owns the list of mistakes. May not score: `harness.cases.matching.fit` does, so that a mistake is named on evidence
alone, and an answer that is merely bad gets no cause.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from deploy.evidence import Finding
from harness.cases.matching import FramePair, fit, matches, objects_at
from harness.cases.truth import Truth
from harness.checks.known_answer.geometry import misfits
from harness.checks.known_answer.suspects import Suspect

NAMED_FROM_GAIN = 0.15
HINTED_FROM_GAIN = 0.03
OPPOSITE_HUES = {"red": "blue", "blue": "red"}


@dataclass(frozen=True)
class Evidence:
    """The answered frames as the answer states them, the truth, and the frames that were asked for."""

    answered: tuple[FramePair, ...]
    truth: Truth
    expected: tuple[int, ...]


def likely_cause(evidence: Evidence) -> Finding | None:
    """The mistake that explains most: an error where undoing it improves the fit much, a warning where little."""
    as_stated = fit(evidence.answered)
    best, best_fit = None, as_stated + HINTED_FROM_GAIN
    for suspect in _suspects(evidence):
        corrected = fit(suspect.corrected)
        if corrected > best_fit + 1e-9:
            best, best_fit = suspect, corrected
    if best is None:
        return None
    grave = best_fit - as_stated >= NAMED_FROM_GAIN
    if not grave and not best.small_counts:
        return None
    message = f"{best.message} (so corrected, the boxes fit to {best_fit:.0%} instead of {as_stated:.0%})"
    return Finding(
        check=f"known_answer.{best.check}",
        severity="error" if grave else "warning",
        message=message,
        where=best.where,
        advice=best.advice,
    )


def _suspects(evidence: Evidence) -> Iterator[Suspect]:
    """All suspects, simple mistakes first, because the first of two that explain equally well is named."""
    yield from _swapped_channels(evidence)
    yield from _other_labels(evidence)
    yield from misfits(evidence.answered, evidence.truth.width, evidence.truth.height)
    yield from _other_frames(evidence)


def _swapped_channels(evidence: Evidence) -> Iterator[Suspect]:
    exchange = _opposites(evidence.truth.labels)
    if exchange:
        yield Suspect(
            "channels",
            "the shapes are right and their colours wrong, red for blue: the model was fed BGR, or trained on it",
            "OpenCV decodes to BGR; reverse the channels (`frame[..., ::-1]`) before the model sees them",
            _relabelled(evidence.answered, exchange),
        )


def _opposites(labels: Mapping[int, str]) -> dict[int, int]:
    """Pairs of label ids whose names differ only in red and blue."""
    ids = {name: label_id for label_id, name in labels.items()}
    other = {
        label_id: " ".join(OPPOSITE_HUES.get(word, word) for word in name.split()) for label_id, name in labels.items()
    }
    return {label_id: ids[name] for label_id, name in other.items() if ids.get(name, label_id) != label_id}


def _other_labels(evidence: Evidence) -> Iterator[Suspect]:
    """The suspect for right boxes under wrong labels: each becomes the label of the objects that it fits most often."""
    counts: dict[int, Counter[int]] = {}
    for pair in evidence.answered:
        for found, there, _ in matches(pair, same_label=False, at_least=0.5):
            counts.setdefault(pair.detections[found].label_id, Counter())[pair.objects[there].label_id] += 1
    meant = {label_id: counter.most_common(1)[0][0] for label_id, counter in counts.items()}
    wrong = {found: true for found, true in sorted(meant.items()) if found != true}
    if wrong:
        yield Suspect(
            "labels",
            _describe_labels(wrong, evidence.truth.labels),
            "compare `labels` of model.json with the classes the weights were trained on; 0 is the background",
            _relabelled(evidence.answered, wrong),
        )


def _describe_labels(wrong: Mapping[int, int], names: Mapping[int, str]) -> str:
    steps = {found - true for found, true in wrong.items()}
    if len(wrong) > 1 and len(steps) == 1:
        step = steps.pop()
        return f"the boxes are right and the label ids {abs(step)} too {'high' if step > 0 else 'low'}"
    listed = ", ".join(
        f"{names.get(true, true)!r} is called {names.get(found, found)!r}" for found, true in wrong.items()
    )
    return f"the boxes are right and the labels wrong: {listed}"


def _relabelled(pairs: Sequence[FramePair], meant: Mapping[int, int]) -> tuple[FramePair, ...]:
    return tuple(
        dataclasses.replace(
            pair,
            detections=tuple(
                dataclasses.replace(detection, label_id=meant.get(detection.label_id, detection.label_id))
                for detection in pair.detections
            ),
        )
        for pair in pairs
    )


def _other_frames(evidence: Evidence) -> Iterator[Suspect]:
    """The suspects for right boxes in the wrong frames."""
    stated = [pair.frame_index for pair in evidence.answered]
    interval = evidence.expected[1] if len(evidence.expected) > 1 else 1
    if stated != list(evidence.expected[: len(stated)]):
        yield from _moved(
            evidence,
            lambda place, _: evidence.expected[place] if place < len(evidence.expected) else -1,
            "frame_index counts the answers or something else, not the frames of the clip: "
            "the n-th answer fits the n-th frame that was asked for",
            "frame_index is the frame's number in the source clip, from 0, sampled or not",
        )
    if interval > 1:
        yield from _moved(
            evidence,
            lambda place, _: place,
            f"the answers fit the first {len(stated)} frames of the clip one after another, not every {interval}th",
            "skip frames as FRAME_INTERVAL says, and number them as they are in the clip",
        )
    for size in range(1, 3 * interval + 1):
        for offset in (size, -size):
            yield from _moved(
                evidence,
                _shift(offset),
                f"what is said of frame i fits frame i{offset:+d}: indices and time stamps are "
                f"{size} frame{'s' if size > 1 else ''} too {'low' if offset > 0 else 'high'}",
                "number frames from 0 as they leave the decoder, before any is skipped, dropped or put into a batch",
            )


def _shift(offset: int) -> Callable[[int, int], int]:
    return lambda _, index: index + offset


def _moved(evidence: Evidence, place_of: Callable[[int, int], int], message: str, advice: str) -> Iterator[Suspect]:
    """The answers moved to the frames `place_of(position, stated index)`; at least half must be in the clip."""
    moved = [
        FramePair(index, pair.detections, objects_at(evidence.truth, index))
        for position, pair in enumerate(evidence.answered)
        if 0 <= (index := place_of(position, pair.frame_index)) < evidence.truth.frame_count
    ]
    if moved and 2 * len(moved) >= len(evidence.answered):
        yield Suspect("frame_index", message, advice, tuple(moved))
