"""A batch of planes: what it may hold, how it is cut and filled, and that its memory is the caller's."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from detector.core import frames
from detector.core.frames import Clip, Frame, FrameBatch
from detector.core.planes import Colours, Matrix, Pixels, PlanarPicture, PlaneFormat, PlaneLayout
from detector.speed.pictures import planar

LIMITED = Colours(Matrix.BT709, False)
FORMAT = PlaneFormat(8, 6, LIMITED)
LAYOUT = PlaneLayout(FORMAT, 4, 3)


def picture(level: int, planes_format: PlaneFormat = FORMAT) -> PlanarPicture:
    height, width = planes_format.height, planes_format.width
    luma = np.full((height, width + 24), level, np.uint8)[:, :width]  # rows of a decoder's memory are longer
    cb, cr = (np.full((height // 2, width), level + step, np.uint8)[:, : width // 2] for step in (1, 2))
    return PlanarPicture(planes_format, luma, cb, cr, lambda: np.full((height, width, 3), level, np.uint8))


def clip_of(*pictures: PlanarPicture | Pixels) -> Clip:
    return Clip(8, 6, (Frame(index, index / 10, each, is_bgr=False) for index, each in enumerate(pictures)))


def test_planes_lie_one_after_the_other_without_gaps() -> None:
    (batch,) = frames.batches(clip_of(picture(10), picture(20)), 4, 4, 3)
    assert batch.planes == LAYOUT
    assert batch.size == (4, 3)
    assert batch.pixels.tolist() == [[10] * 48 + [11] * 12 + [12] * 12, [20] * 48 + [21] * 12 + [22] * 12]


def test_a_change_of_colours_begins_a_new_batch() -> None:
    full = PlaneFormat(8, 6, Colours(Matrix.BT709, True))
    found = list(frames.batches(clip_of(picture(1), picture(2), picture(3, full), picture(4)), 4, 4, 3))
    assert [batch.frame_indices for batch in found] == [(0, 1), (2,), (3,)]
    assert [batch.planes.format.colours.is_full_range for batch in found if batch.planes] == [False, True, False]


def test_pixels_after_planes_are_the_last_change() -> None:
    plain = np.full((6, 8, 3), 9, np.uint8)
    found = list(frames.batches(clip_of(picture(1), picture(2), plain, picture(4), picture(5)), 2, None, None))
    assert [batch.frame_indices for batch in found] == [(0, 1), (2, 3), (4,)]
    assert [batch.planes is None for batch in found] == [False, True, True]
    assert found[1].pixels[:, 0, 0, 0].tolist() == [9, 4]


def test_the_memory_is_the_callers() -> None:
    given: list[Pixels] = []

    def allocate(shape: tuple[int, ...]) -> Pixels:
        given.append(np.empty(shape, np.uint8))
        return given[-1]

    found = list(frames.batches(clip_of(*map(picture, range(5))), 2, 4, 3, allocate))
    assert [each.shape for each in given] == [(2, 72)] * 3
    assert all(np.shares_memory(batch.pixels, memory) for batch, memory in zip(found, given, strict=True))


def test_parts_keep_their_layout() -> None:
    (batch,) = frames.batches(clip_of(*map(picture, range(5))), 8, 4, 3)
    parts = batch.parts(2)
    assert [part.planes for part in parts] == [LAYOUT] * 3
    assert [part.frame_indices for part in parts] == [(0, 1), (2, 3), (4,)]


@pytest.mark.parametrize("is_full_range", [False, True])
def test_what_fills_a_batch_is_black(is_full_range: bool) -> None:
    planes_format = PlaneFormat(8, 6, Colours(Matrix.BT709, is_full_range))
    (batch,) = frames.batches(clip_of(picture(200, planes_format)), 8, 4, 3)
    assert batch.planes
    filled = planar.shown(torch.from_numpy(batch.filled(3)), batch.planes)
    assert len(filled) == 3
    assert filled[0].max() > 0
    assert filled[1:].max() == 0


@pytest.mark.parametrize("shape", [(2, 71), (2, 6, 8, 3), (2, 72, 1)])
def test_bytes_that_are_no_such_planes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"pixels must be \(n, 72\) uint8"):
        FrameBatch(np.zeros(shape, np.uint8), (0, 1), (0.0, 0.1), 8, 6, LAYOUT)
