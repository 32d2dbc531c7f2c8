"""A golden and another answer as one picture: a detector's frames side by side, moving where there are several."""

from __future__ import annotations

import io
from collections.abc import Collection
from pathlib import Path

import numpy as np
from PIL import Image

from harness.checks.golden.detections import predictions_of
from harness.goldens import Golden
from harness.rehearsal import drawable
from harness.report.drawing import gif
from harness.report.drawing.clip import CasePictures, DrawnFrame, joined
from harness.report.drawing.pictures import Frame


def picture_of(golden: Golden, other: Golden | None, media: Path, only: Collection[int]) -> tuple[str, bytes] | None:
    """(`.gif` or `.png`, its bytes); None where the answer is no picture, or the media cannot be decoded here.

    `only` are the frames that drifted, by their indices; empty for all.
    """
    if golden.kind == "image":
        sides = [_pixels(each.content) for each in (golden, other) if each and each.kind == "image"]
        return ".png", _png(sides[0] if len(sides) == 1 else joined(*sides))
    if golden.kind != "detections":
        return None
    frames = gif.frames_of(_material(golden, other, media, only))
    return _encoded(frames) if frames else None


def _material(golden: Golden, other: Golden | None, media: Path, only: Collection[int]) -> CasePictures:
    was = predictions_of(golden.content)
    if other is None or other.kind != "detections":
        return drawable.pictures_of(golden.case, media, was)
    return drawable.beside(golden.case, media, was, predictions_of(other.content), only or None)


def _encoded(frames: list[DrawnFrame]) -> tuple[str, bytes]:
    return (".png", _png(frames[0].image)) if len(frames) == 1 else (".gif", gif.encode(frames))


def _pixels(body: bytes) -> Frame:
    with Image.open(io.BytesIO(body)) as image:
        return np.asarray(image.convert("RGB"), dtype=np.uint8)


def _png(pixels: Frame) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()
