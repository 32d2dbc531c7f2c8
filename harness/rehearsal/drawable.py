"""The answers of a detector as frames to draw: with the truth where that is known, or beside a golden.

Owns the turning of one noun into the other. May not draw.
"""

from __future__ import annotations

import warnings
from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

from harness.cases import Detection as Found
from harness.cases import PredictedFrame, Predictions, Rle, Truth
from harness.checks import masks
from harness.checks.golden.detections import predictions_of
from harness.report.drawing.clip import CasePictures
from harness.report.drawing.pictures import Detection, FrameDetections

__all__ = ["beside", "pictures_of", "predictions_of"]


def pictures_of(name: str, media: Path, predictions: Predictions, truth: Truth | None = None) -> CasePictures:
    there = {frame.frame_index: frame.objects for frame in truth.frames} if truth else {}
    frames = tuple(
        FrameDetections(
            frame.frame_index,
            frame.pts_seconds or 0.0,
            _detections(frame.detections),
            tuple(Detection(thing.box, thing.label) for thing in there.get(frame.frame_index, ())),
        )
        for frame in predictions.frames
    )
    return CasePictures(name, media, frames, size=(predictions.video.width, predictions.video.height))


def beside(
    name: str, media: Path, golden: Predictions, answer: Predictions, only: Collection[int] | None = None
) -> CasePictures:
    """Both answers to each frame, of which `only` names some by their indices."""
    was, now = ({frame.frame_index: frame for frame in each.frames} for each in (golden, answer))
    indices = sorted(was.keys() | now.keys() if only is None else only)
    frames = tuple(_both(index, was.get(index), now.get(index)) for index in indices)
    return CasePictures(name, media, frames, size=(golden.video.width, golden.video.height))


def _both(index: int, was: PredictedFrame | None, now: PredictedFrame | None) -> FrameDetections:
    known = was or now
    time = known.pts_seconds if known else None
    return FrameDetections(
        index,
        time or 0.0,
        _detections(now.detections if now else ()),
        golden=_detections(was.detections if was else ()),
    )


def _detections(found: Sequence[Found]) -> tuple[Detection, ...]:
    return tuple(Detection(each.box, each.label, each.score, _mask(each.mask)) for each in found)


def _mask(rle: Rle | None) -> NDArray[np.bool_] | None:
    """None also for what is no mask, which pycocotools would decode to anything."""
    if rle is None or not masks.is_sound(rle):
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # pycocotools 2.0.11 lacks numpy 2's `copy` keyword
        decoded = coco_mask.decode({"size": list(rle.size), "counts": rle.counts.encode("ascii")})
    return np.asarray(decoded, dtype=np.bool_)
