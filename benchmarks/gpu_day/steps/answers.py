"""Compares the handler's answers with torchvision's own forward on the same device, and counts what differs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torchvision.ops import box_iou
from torchvision.transforms.functional import to_tensor

from benchmarks.contestants import reference
from benchmarks.gpu_day.measuring import handlers
from benchmarks.gpu_day.measuring.extent import Extent
from benchmarks.gpu_day.measuring.inputs import Inputs
from benchmarks.gpu_day.measuring.record import Record
from detector.core import rle
from detector.core.detections import FrameDetections
from detector.core.frames import FrameBatch

_SAME_PX, _SAME_SCORE, _SAME_OBJECT = 1e-3, 1e-5, 0.5
_EVERY = 30
Expected = dict[str, torch.Tensor]


@dataclass
class Differences:
    """Of all frames; an object is found again where label and place agree (IoU of 0.5)."""

    frames: int = 0
    same_frames: int = 0
    missing: int = 0
    extra: int = 0
    objects: int = 0
    worst_px: float = 0.0
    worst_score: float = 0.0
    missing_scores: list[float] = field(default_factory=list)


def measure(record: Record, inputs: Inputs, extent: Extent) -> None:
    """fp32 without TF32 and with it, then the reduced precision; masks once, as equal RLE."""
    batch = _batch(inputs, extent)
    plain: Any = reference.load(inputs.model_dir, torch.device(extent.device), 1, None).network
    for tf32 in (False, True) if extent.on_gpu else (False,):
        with _convolutions_in_tf32(tf32):
            expected = _expected(plain, batch, extent)
            found = _found(inputs, extent, batch, "fp32")
            name = f"fp32{' (TF32 convolutions)' if tf32 else ''}"
            _tell(record, name, found, expected)
            record.fact(**{f"masks {name}": _equal_masks(found, expected, batch)})
    half = _found(inputs, extent, batch, extent.half)
    _tell(record, f"{extent.half} against fp32", half, expected)
    record.fact(objects_a_frame=round(sum(len(each["scores"]) for each in expected) / len(expected), 1))


def _batch(inputs: Inputs, extent: Extent) -> FrameBatch:
    """Frames in the network's own size, so that boxes and masks are compared in the pixels that both know."""
    pictures = inputs.frames(extent.usual_batch, _EVERY)
    sized = [cv2.resize(each, extent.size, interpolation=cv2.INTER_AREA) if extent.size else each for each in pictures]
    pixels = np.stack([cv2.cvtColor(each, cv2.COLOR_BGR2RGB) for each in sized]).astype(np.uint8)
    height, width = pixels.shape[1:3]
    return FrameBatch(pixels, tuple(range(len(pixels))), tuple(map(float, range(len(pixels)))), width, height)


@contextmanager
def _convolutions_in_tf32(allowed: bool) -> Iterator[None]:
    before = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = allowed
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32 = before


@torch.inference_mode()
def _expected(plain: Any, batch: FrameBatch, extent: Extent) -> list[Expected]:
    """Torchvision's own answers, moved to the host."""
    found = plain([to_tensor(picture).to(extent.device) for picture in batch.pixels])
    return [{name: value.cpu() for name, value in each.items()} for each in found]


def _found(inputs: Inputs, extent: Extent, batch: FrameBatch, precision: str) -> list[FrameDetections]:
    service = handlers.service_of(inputs, extent, {"PRECISION": precision})
    return service.predictor.detect(batch, score_threshold=0.0, with_masks=True)


def _tell(record: Record, name: str, found: Sequence[FrameDetections], expected: Sequence[Expected]) -> None:
    told = compared(found, expected)
    record.row(
        name,
        same=f"{told.same_frames}/{told.frames}",
        worst_px=round(told.worst_px, 5),
        worst_score=round(told.worst_score, 6),
        missing=f"{told.missing}/{told.objects}",
        extra=told.extra,
        missing_scores=sorted(told.missing_scores, reverse=True)[:10],
    )


def compared(found: Sequence[FrameDetections], expected: Sequence[Expected]) -> Differences:
    """The differences of all frames; a frame is the same where every object is, within 1e-3 px and 1e-5."""
    told = Differences()
    for frame, other in zip(found, expected, strict=True):
        rows, partners = _matched(frame, other)
        pixels = np.abs(frame.boxes[rows] - other["boxes"].numpy()[partners]).max(initial=0.0)
        scores = np.abs(frame.scores[rows] - other["scores"].numpy()[partners]).max(initial=0.0)
        lacking = np.setdiff1d(np.arange(len(other["scores"])), partners)
        extra = len(frame) - len(rows)
        told.frames += 1
        told.objects += len(other["scores"])
        told.missing += len(lacking)
        told.extra += extra
        told.missing_scores += [round(float(score), 4) for score in other["scores"].numpy()[lacking]]
        told.worst_px, told.worst_score = max(told.worst_px, float(pixels)), max(told.worst_score, float(scores))
        told.same_frames += bool(not len(lacking) and not extra and pixels <= _SAME_PX and scores <= _SAME_SCORE)
    return told


def _matched(frame: FrameDetections, other: Expected) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Rows of the frame and of `other` that are one object, the best overlap first, each row once."""
    overlaps = box_iou(torch.from_numpy(np.ascontiguousarray(frame.boxes)), other["boxes"]).numpy()
    overlaps = np.where(frame.label_ids[:, None] == other["labels"].numpy()[None], overlaps, 0.0)
    partners: dict[int, int] = {}
    for flat in np.argsort(-overlaps, axis=None, kind="stable"):
        row, partner = map(int, np.unravel_index(flat, overlaps.shape))
        if overlaps[row, partner] < _SAME_OBJECT:
            break
        if row not in partners and partner not in partners.values():
            partners[row] = partner
    return np.array([*partners], np.int64), np.array([*partners.values()], np.int64)


def _equal_masks(found: Sequence[FrameDetections], expected: Sequence[Expected], batch: FrameBatch) -> str:
    """How many masks of the objects found again have the same RLE as torchvision's pasted ones."""
    equal = seen = 0
    width, height = batch.source_width, batch.source_height
    for frame, other in zip(found, expected, strict=True):
        for row, partner in zip(*_matched(frame, other), strict=True):
            pasted = (other["masks"][partner, 0] > 0.5).numpy()
            seen += 1
            equal += rle.encode(pasted, 0, 0, width, height) == (frame.masks or ())[row]
    return f"{equal}/{seen} equal RLE"
