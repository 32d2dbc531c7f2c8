"""Says whether two answers are the same: all that may differ is a box that is as good as on a threshold.

Another order of the same additions changes scores and boxes in their last digits. That decides only about a box that is
as good as on a threshold: torchvision drops a box by its score (0.05), or by its overlap with a better one of its label
(0.5). Within 1e-4 of one of these thresholds a box may come or go, and it is counted; anything else that differs is a
fault.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torchvision.ops import box_iou

SAME_PIXELS, SAME_SCORE, ON_THRESHOLD = 1e-3, 1e-5, 1e-4
# The defaults of torchvision's MaskRCNN, which the measured network has: box_score_thresh and box_nms_thresh.
SCORE_THRESHOLD, OVERLAP_THRESHOLD = 0.05, 0.5
Frame = dict[str, Any]
"""`boxes` (n, 4) in pixels, `labels` and `scores` (n), as lists."""


@dataclass(frozen=True)
class Sameness:
    """`borderline` boxes came or went; every one of `faults` says what else differs."""

    borderline: int
    faults: tuple[str, ...]


@dataclass(frozen=True)
class _Rows:
    boxes: npt.NDArray[np.float64]
    labels: npt.NDArray[np.int64]
    scores: npt.NDArray[np.float64]

    @classmethod
    def of(cls, frame: Frame) -> _Rows:
        boxes = np.array(frame["boxes"], np.float64).reshape(-1, 4)
        return cls(boxes, np.array(frame["labels"], np.int64), np.array(frame["scores"], np.float64))

    def is_borderline(self, row: int, *others: _Rows) -> bool:
        """Whether its score is on the line, or its overlap with a box of its label in one of `others`."""
        if abs(self.scores[row] - SCORE_THRESHOLD) <= ON_THRESHOLD:
            return True
        return any(
            bool((np.abs(_overlaps(self.boxes[row], each.boxes) - OVERLAP_THRESHOLD) <= ON_THRESHOLD)[same].any())
            for each in others
            if len(same := each.labels == self.labels[row])
        )


def compared(answer: Sequence[Frame], expected: Sequence[Frame]) -> Sameness:
    """Frame by frame, in order; the order of the boxes in a frame is free, as those of one score have none."""
    if len(answer) != len(expected):
        return Sameness(0, (f"{len(answer)} frames instead of {len(expected)}",))
    borderline, faults = 0, []
    for index, (frame, other) in enumerate(zip(answer, expected, strict=True)):
        ours, theirs = _Rows.of(frame), _Rows.of(other)
        extra, missing = _unmatched(ours, theirs)
        for rows, lonely, word in ((ours, extra, "only the answer has"), (theirs, missing, "the answer lacks")):
            on_line = [row for row in lonely if rows.is_borderline(row, ours, theirs)]
            borderline += len(on_line)
            faults += [f"frame {index}: {word} {_told(rows, row)}" for row in lonely if row not in on_line]
    return Sameness(borderline, tuple(faults))


def _unmatched(ours: _Rows, theirs: _Rows) -> tuple[list[int], list[int]]:
    """The rows of each that have no partner with the same label, and nearly the same box and score, in the other."""
    left = list(range(len(theirs.labels)))
    extra = []
    for row in range(len(ours.labels)):
        partner = next((each for each in left if _is_same(ours, row, theirs, each)), None)
        if partner is None:
            extra.append(row)
        else:
            left.remove(partner)
    return extra, left


def _is_same(ours: _Rows, row: int, theirs: _Rows, other: int) -> bool:
    return (
        bool(ours.labels[row] == theirs.labels[other])
        and abs(ours.scores[row] - theirs.scores[other]) <= SAME_SCORE
        and np.abs(ours.boxes[row] - theirs.boxes[other]).max() <= SAME_PIXELS
    )


def _overlaps(box: npt.NDArray[np.float64], boxes: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """(n,) intersections over unions."""
    found: npt.NDArray[np.float64] = box_iou(torch.from_numpy(box[None].copy()), torch.from_numpy(boxes))[0].numpy()
    return found


def _told(rows: _Rows, row: int) -> str:
    box = ", ".join(f"{value:.2f}" for value in rows.boxes[row])
    return f"label {rows.labels[row]} with score {rows.scores[row]:.6f} at ({box})"
