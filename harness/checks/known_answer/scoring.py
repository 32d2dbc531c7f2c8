"""COCO's mean average precision of an answer, as pycocotools computes it.

Source: Lin et al., "Microsoft COCO: Common Objects in Context" (2014), and the evaluation code of its authors.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from harness.cases.matching import FramePair
from harness.cases.predictions import Box, Rle

Kind = Literal["bbox", "segm"]


@dataclass(frozen=True)
class Scores:
    """Mean average precision, 0 to 1: at an overlap of 0.5, and averaged over the overlaps 0.50, 0.55 ... 0.95."""

    map50: float
    map50_95: float


def score(pairs: Sequence[FramePair], label_ids: Sequence[int], kind: Kind) -> Scores:
    """The mean over the classes that occur in the truth; where none does, 1 for no detections and 0 for any.

    With `segm`, detections without a mask are left out.
    """
    if not any(pair.objects for pair in pairs):
        silent = 0.0 if any(pair.detections for pair in pairs) else 1.0
        return Scores(silent, silent)
    with contextlib.redirect_stdout(io.StringIO()):  # pycocotools prints its progress
        evaluation = COCOeval(
            _coco(_objects(pairs), pairs, label_ids), _coco(_found(pairs, kind), pairs, label_ids), kind
        )
        evaluation.evaluate()
        evaluation.accumulate()
    precision = evaluation.eval["precision"][:, :, :, 0, -1]  # overlap x recall x class, any area, 100 detections
    return Scores(_mean(precision[0]), _mean(precision))


def _mean(precision: np.ndarray[Any, Any]) -> float:
    """The mean over the classes that occur; -1 marks those that do not."""
    return min(1.0, float(precision[precision > -1].mean()))


def _coco(annotations: list[dict[str, Any]], pairs: Sequence[FramePair], label_ids: Sequence[int]) -> COCO:
    height, width = next(thing.mask.size for pair in pairs for thing in pair.objects)
    coco = COCO()
    coco.dataset = {
        "images": [{"id": number, "height": height, "width": width} for number in range(len(pairs))],
        "categories": [{"id": label_id} for label_id in label_ids],
        "annotations": [dict(annotation, id=number) for number, annotation in enumerate(annotations, start=1)],
    }
    coco.createIndex()
    return coco


def _objects(pairs: Sequence[FramePair]) -> list[dict[str, Any]]:
    return [
        _annotation(image, thing.label_id, thing.box, thing.mask)
        for image, pair in enumerate(pairs)
        for thing in pair.objects
    ]


def _found(pairs: Sequence[FramePair], kind: Kind) -> list[dict[str, Any]]:
    return [
        _annotation(image, detection.label_id, detection.box, detection.mask) | {"score": detection.score}
        for image, pair in enumerate(pairs)
        for detection in pair.detections
        if kind == "bbox" or detection.mask is not None
    ]


def _annotation(image: int, label_id: int, box: Box, mask: Rle | None) -> dict[str, Any]:
    x1, y1, x2, y2 = box
    width, height = max(0.0, x2 - x1), max(0.0, y2 - y1)
    annotation = {
        "image_id": image,
        "category_id": label_id,
        "bbox": [x1, y1, width, height],
        "area": width * height,
        "iscrowd": 0,
    }
    return (
        annotation if mask is None else annotation | {"segmentation": {"size": list(mask.size), "counts": mask.counts}}
    )
