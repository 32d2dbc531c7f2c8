"""Pairs answers with truths, frame by frame. Owns the pairing of frames and the overlap of boxes; decides nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.cases.predictions import Detection, Predictions
from harness.cases.truth import TrueObject, Truth

# Boxes have the shape (count, 4), [x1, y1, x2, y2] in pixels.
Boxes = NDArray[np.float64]
# What has a box and a label.
Boxed = Detection | TrueObject


@dataclass(frozen=True)
class FramePair:
    """The detections in a frame, and its true objects."""

    frame_index: int
    detections: tuple[Detection, ...]
    objects: tuple[TrueObject, ...]


def expected_indices(truth: Truth, frame_interval: int) -> tuple[int, ...]:
    """The frames an answer must cover: 0, interval, ... - ceil(frame_count / interval) of them."""
    return tuple(range(0, truth.frame_count, frame_interval))


def pair_frames(predictions: Predictions, truth: Truth, expected: Sequence[int]) -> tuple[FramePair, ...]:
    """Every expected and every answered frame once, in order; a frame outside the clip has no objects."""
    found: dict[int, tuple[Detection, ...]] = {}
    for frame in predictions.frames:
        found[frame.frame_index] = found.get(frame.frame_index, ()) + frame.detections
    return tuple(
        FramePair(index, found.get(index, ()), objects_at(truth, index)) for index in sorted({*expected, *found})
    )


def objects_at(truth: Truth, frame_index: int) -> tuple[TrueObject, ...]:
    return truth.frames[frame_index].objects if 0 <= frame_index < truth.frame_count else ()


def boxes_of(items: Sequence[Boxed]) -> Boxes:
    return np.array([item.box for item in items], dtype=np.float64).reshape(-1, 4)


def overlaps(first: Boxes, second: Boxes) -> NDArray[np.float64]:
    """Intersection over union of every box of `first` with every one of `second`, shape (len(first), len(second))."""
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=2)
    union = _areas(first)[:, None] + _areas(second)[None, :] - shared
    ratio: NDArray[np.float64] = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
    return ratio


def _areas(boxes: Boxes) -> NDArray[np.float64]:
    areas: NDArray[np.float64] = np.clip(boxes[:, 2:] - boxes[:, :2], 0, None).prod(axis=1)
    return areas


def matches(pair: FramePair, *, same_label: bool = True, at_least: float = 0.0) -> list[tuple[int, int, float]]:
    """(detection, object, overlap), each used once, the best overlap first and above `at_least`."""
    return matched(pair.detections, pair.objects, same_label=same_label, at_least=at_least)


def matched(
    found: Sequence[Boxed], there: Sequence[Boxed], *, same_label: bool = True, at_least: float = 0.0
) -> list[tuple[int, int, float]]:
    """(place in `found`, place in `there`, overlap), each used once, the best overlap first and above `at_least`."""
    table = overlaps(boxes_of(found), boxes_of(there))
    if same_label and table.size:
        labels, others = (np.array([item.label_id for item in items]) for items in (found, there))
        table = np.where(labels[:, None] == others[None, :], table, 0.0)
    chosen: list[tuple[int, int, float]] = []
    while table.size and table.max() > at_least:
        row, column = (int(place) for place in np.unravel_index(int(table.argmax()), table.shape))
        chosen.append((row, column, float(table[row, column])))
        table[row, :], table[:, column] = 0.0, 0.0
    return chosen


def fit(pairs: Sequence[FramePair]) -> float:
    """The fit from 0 to 1: twice the overlap of matched boxes of one label, per detection and object; 1 without any."""
    shared = sum(overlap for pair in pairs for _, _, overlap in matches(pair))
    total = sum(len(pair.detections) + len(pair.objects) for pair in pairs)
    return 2 * shared / total if total else 1.0


def frames_in_words(indices: Iterable[int]) -> str:
    """`frames 0, 5, 10`, shortened after the eighth."""
    ordered = sorted(indices)
    more = f" and {len(ordered) - 8} more" if len(ordered) > 8 else ""
    return f"frame{'s' if len(ordered) > 1 else ''} {', '.join(str(index) for index in ordered[:8])}{more}"
