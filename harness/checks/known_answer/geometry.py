"""Boxes that are all wrong in the same way: scaled, displaced, mirrored, turned, or with other numbers than corners.

A box is paired with an object by a label that occurs once in a frame on both sides, which needs no overlap. A straight
line is fitted through the centres of the pairs for each axis.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.cases.matching import Boxes, FramePair, boxes_of
from harness.cases.predictions import Detection
from harness.cases.truth import TrueObject
from harness.checks.known_answer.suspects import Suspect

LEAST_PAIRS = 5
SCALE_TOLERANCE = 0.02


@dataclass(frozen=True)
class Line:
    """The line found = scale * true + offset, in pixels."""

    scale: float
    offset: float


@dataclass(frozen=True)
class Misfit:
    """Where a true box is found along x and along y; `turned` means that x and y are exchanged first."""

    x: Line
    y: Line
    turned: bool

    def undo(self, boxes: Boxes) -> Boxes:
        centres, sizes = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]
        scales = np.array([self.x.scale, self.y.scale])
        centres, sizes = (centres - [self.x.offset, self.y.offset]) / scales, sizes / np.abs(scales)
        if self.turned:
            centres, sizes = centres[:, ::-1], sizes[:, ::-1]
        restored: Boxes = np.concatenate([centres - sizes / 2, centres + sizes / 2], axis=1)
        return restored


def misfits(pairs: Sequence[FramePair], width: int, height: int) -> Iterator[Suspect]:
    """The geometrical mistakes that could be behind `pairs`, for a video of width x height pixels."""
    yield Suspect(
        "geometry",
        "a box is given as x, y, width and height, not as two corners",
        "answer [x1, y1, x2, y2]",
        _with_boxes(pairs, lambda boxes: np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1)),
    )
    found, there = _tied(pairs)
    if len(found) < LEAST_PAIRS:
        return
    for turned in (False, True):
        misfit = _lay(found, there, turned)
        if misfit is not None:
            message, advice = _describe(misfit, width, height)
            corrected = _with_boxes(pairs, misfit.undo)
            yield Suspect("geometry", message, advice, corrected, small_counts=True)


def _tied(pairs: Sequence[FramePair]) -> tuple[Boxes, Boxes]:
    """The found boxes and the true boxes of the pairs, row by row."""
    found: list[Detection] = []
    there: list[TrueObject] = []
    for pair in pairs:
        for label_id in _once(pair.detections) & _once(pair.objects):
            found.extend(detection for detection in pair.detections if detection.label_id == label_id)
            there.extend(thing for thing in pair.objects if thing.label_id == label_id)
    return boxes_of(found), boxes_of(there)


def _once(items: Sequence[Detection] | Sequence[TrueObject]) -> set[int]:
    counts = Counter(item.label_id for item in items)
    return {label_id for label_id, count in counts.items() if count == 1}


def _with_boxes(pairs: Sequence[FramePair], change: Callable[[Boxes], Boxes]) -> tuple[FramePair, ...]:
    return tuple(
        dataclasses.replace(
            pair,
            detections=tuple(
                dataclasses.replace(detection, box=(float(box[0]), float(box[1]), float(box[2]), float(box[3])))
                for detection, box in zip(pair.detections, change(boxes_of(pair.detections)), strict=True)
            ),
        )
        for pair in pairs
    )


def _lay(found: Boxes, there: Boxes, turned: bool) -> Misfit | None:
    found_centres, true_centres = (found[:, :2] + found[:, 2:]) / 2, (there[:, :2] + there[:, 2:]) / 2
    if turned:
        true_centres = true_centres[:, ::-1]
    x = _line(true_centres[:, 0], found_centres[:, 0])
    y = _line(true_centres[:, 1], found_centres[:, 1])
    return Misfit(x, y, turned) if x is not None and y is not None else None


def _line(true: NDArray[np.float64], found: NDArray[np.float64]) -> Line | None:
    """Fit by least squares, twice: the second time without the worst fifth, so that false detections weigh nothing."""
    keep = np.ones(len(true), dtype=np.bool_)
    scale, offset = 0.0, 0.0
    for _ in range(2):
        if np.ptp(true[keep]) < 1:
            return None
        scale, offset = (float(value) for value in np.polyfit(true[keep], found[keep], 1))
        error = np.abs(found - scale * true - offset)
        keep = error <= np.quantile(error, 0.8)
    return Line(scale, offset) if abs(scale) > 1e-6 else None


def _describe(misfit: Misfit, width: int, height: int) -> tuple[str, str]:
    if misfit.turned:
        return _describe_turned(misfit)
    x, y = misfit.x, misfit.y
    if x.scale < 0 or y.scale < 0:
        axis = "left and right" if x.scale < 0 else "top and bottom"
        return f"the boxes are mirrored: {axis} are exchanged", "undo the flip of the picture in the boxes too"
    unscaled = abs(x.scale - 1) <= SCALE_TOLERANCE and abs(y.scale - 1) <= SCALE_TOLERANCE
    if unscaled:
        return (
            f"the boxes are displaced by {x.offset:+.1f} pixels along x and {y.offset:+.1f} along y",
            "take padding and cropping back out of the coordinates",
        )
    if x.scale * width < 2 and y.scale * height < 2:
        return "the boxes are fractions of the picture, not pixels", f"multiply x by {width} and y by {height}"
    shift = (
        "" if max(abs(x.offset), abs(y.offset)) < 2 else f", displaced by {x.offset:+.1f} and {y.offset:+.1f} pixels"
    )
    message = (
        f"the boxes are scaled by {x.scale:.3f} along x and {y.scale:.3f} along y{shift}: they fit a picture of "
        f"{x.scale * width:.0f}x{y.scale * height:.0f}, not the video's {width}x{height}"
    )
    return message, "answer in pixels of the source video: undo the resizing, each axis by its own factor"


def _describe_turned(misfit: Misfit) -> tuple[str, str]:
    if misfit.x.scale > 0 and misfit.y.scale > 0:
        return "x and y are exchanged in the boxes", "answer [x1, y1, x2, y2]; numpy's order of axes is (y, x)"
    return "the boxes are turned by a quarter", "honour the video's rotation metadata in picture and boxes alike"
