from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy
from pycocotools import mask as coco
from torch.nn import functional
from torchvision.models.detection.roi_heads import paste_masks_in_image

from detector.model.maskrcnn import bilinear, masks, pasting, placement

Boxes = npt.NDArray[np.float32]
Probabilities = npt.NDArray[np.float32]

fusing = pytest.mark.skipif(
    torch.backends.cpu.get_cpu_capability() == "DEFAULT", reason="this CPU rounds products before it adds them"
)
# Quarters give many values of exactly 0.5.
quarters = st.integers(0, 4).map(lambda number: number / 4)
probabilities_of = [quarters, st.just(0.0), st.just(1.0), st.just(0.5), st.floats(0, 1, width=32)]
sides = st.one_of(st.integers(1, 20), st.integers(1, 200))


@st.composite
def many_masks(draw: st.DrawFn) -> tuple[Probabilities, Boxes, int, int]:
    """Probabilities, boxes within, over and beyond the borders of a picture, and the picture's width and height."""
    width, height, count, side = draw(sides), draw(sides), draw(st.integers(0, 5)), draw(st.sampled_from([1, 3, 28]))
    elements = draw(st.sampled_from(probabilities_of))
    found = draw(st_numpy.arrays(np.float32, (count, side, side), elements=elements))
    corners = draw(st_numpy.arrays(np.float32, (count, 2), elements=st.floats(-100, 250, width=32)))
    sizes = draw(st_numpy.arrays(np.float32, (count, 2), elements=st.floats(0, 400, width=32)))
    return found, np.concatenate([corners, corners + sizes], axis=1), width, height


def coco_counts(mask: npt.NDArray[np.bool_]) -> str:
    counts: bytes = coco.encode(np.asfortranarray(mask.astype(np.uint8)))["counts"]
    return counts.decode()


def one_by_one_counts(found: Probabilities, boxes: Boxes, width: int, height: int) -> list[str]:
    """Each mask scaled by torch, moved into a full picture pixel by pixel, and encoded by pycocotools."""
    side = found.shape[1]
    padded = functional.pad(torch.from_numpy(found), (1, 1, 1, 1))
    centres, halves = (boxes[:, 2:] + boxes[:, :2]) / 2, (boxes[:, 2:] - boxes[:, :2]) / 2
    halves = halves * np.float32((side + 2) / side)
    corners = np.concatenate([centres - halves, centres + halves], axis=1).astype(np.int64)
    counts = []
    for mask, (left, top, right, bottom) in zip(padded, corners.tolist(), strict=True):
        size = (max(bottom - top + 1, 1), max(right - left + 1, 1))
        scaled = functional.interpolate(mask[None, None], size=size, mode="bilinear")[0, 0].numpy() > 0.5
        picture = np.zeros((height, width), bool)
        rows, columns = np.nonzero(scaled)
        rows, columns = rows + top, columns + left
        shown = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
        picture[rows[shown], columns[shown]] = True
        counts.append(coco_counts(picture))
    return counts


def at_once_counts(found: Probabilities, boxes: Boxes, width: int, height: int, cost: int) -> list[str]:
    padded = functional.pad(torch.from_numpy(found), (1, 1, 1, 1))
    where = placement.placed(boxes, padded.shape[1] / found.shape[1], width, height)
    return list(masks.at_once(padded, where, width, height, cost))


def ellipses(boxes: list[list[float]]) -> Probabilities:
    across = np.linspace(-1, 1, 28, dtype=np.float32)
    return np.repeat((1.2 - across[:, None] ** 2 - across**2).clip(0, 1)[None], len(boxes), axis=0)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_masks_are_pasted_pixel_by_pixel_as_torchvision_pastes_them(seed: int) -> None:
    random = np.random.default_rng(seed)
    width, height = (int(side) for side in random.integers(20, 200, 2))
    corners = np.sort(random.uniform(0, 1, (5, 2, 2)), axis=1) * [width, height]
    boxes = corners.reshape(5, 4).astype(np.float32)
    probabilities = torch.from_numpy(random.random((5, 28, 28), np.float32))
    pasted = paste_masks_in_image(probabilities[:, None], torch.from_numpy(boxes), (height, width))[:, 0] > 0.5
    expected = [coco_counts(mask) for mask in pasted.numpy()]
    assert list(masks.encoded(probabilities, boxes, width, height)) == expected


@given(many_masks())
@settings(max_examples=200, deadline=None)
def test_masks_of_any_boxes_are_what_torch_and_pycocotools_make_of_them(
    made: tuple[Probabilities, Boxes, int, int],
) -> None:
    found, boxes, width, height = made
    counts = list(masks.encoded(torch.from_numpy(found), boxes, width, height))
    assert counts == one_by_one_counts(found, boxes, width, height)


@fusing
@given(many_masks(), st.sampled_from([1, 300, 5000, pasting.AT_ONCE]))
@settings(max_examples=400, deadline=None)
def test_pasting_at_once_gives_the_same_bytes_whatever_the_chunks(
    made: tuple[Probabilities, Boxes, int, int], cost: int
) -> None:
    found, boxes, width, height = made
    assert at_once_counts(found, boxes, width, height, cost) == one_by_one_counts(found, boxes, width, height)


@fusing
@pytest.mark.parametrize(
    "boxes",
    [
        [[0, 0, 1920, 1080]] * 3,
        [[-3000, -2000, 5000, 3000], [10, 10, 11, 11], [1919, 1079, 1920, 1080]],
        [[700, 0, 701, 1080], [0, 500, 1920, 501], [1920, 1080, 1920, 1080]],
        [[2500, 100, 2600, 200], [-300, 100, -200, 200], [100, 1500, 300, 1600]],
    ],
)
def test_giant_thin_and_absent_masks_of_a_large_picture_are_the_same_at_once(boxes: list[list[float]]) -> None:
    found, corners = ellipses(boxes), np.array(boxes, np.float32)
    expected = one_by_one_counts(found, corners, 1920, 1080)
    assert at_once_counts(found, corners, 1920, 1080, pasting.AT_ONCE) == expected
    assert list(masks.encoded(torch.from_numpy(found), corners, 1920, 1080)) == expected


@fusing
@given(st.integers(1, 300), st.integers(1, 300), st.sampled_from([3, 16, 30]), st.integers(0, 2**32 - 1))
@example(64, 64, 30, 1)
@example(65, 64, 30, 1)
@example(1, 128, 30, 1)
@example(127, 1, 30, 1)
@example(30, 30, 30, 1)
@example(1, 1, 30, 1)
@settings(max_examples=300, deadline=None)
def test_interpolated_values_are_those_of_torch_to_the_last_bit(width: int, height: int, side: int, seed: int) -> None:
    source = torch.from_numpy(np.random.default_rng(seed).random((side, side), np.float32))
    expected = functional.interpolate(source[None, None], size=(height, width), mode="bilinear")[0, 0]
    assert torch.equal(values_of(source, width, height), expected)


def values_of(source: torch.Tensor, width: int, height: int) -> torch.Tensor:
    side = len(source)
    small = bool(bilinear.is_small(np.array([width]), np.array([height]))[0])
    across, down = (
        bilinear.taps(
            torch.arange(size), torch.full((size,), float(np.float32(side) / np.float32(size))).double(), side, small
        )
        for size in (width, height)
    )
    left, right = source.T.index_select(0, across.low), source.T.index_select(0, across.high)
    values = bilinear.small_values if small else bilinear.large_values
    column, row = (each.flatten() for each in torch.meshgrid(torch.arange(width), torch.arange(height), indexing="ij"))
    return values(left, right, across, down.at(row), column).view(width, height).T


def test_a_chunk_never_costs_more_than_it_may() -> None:
    random = np.random.default_rng(1)
    corners = random.uniform(0, 900, (200, 2))
    boxes = np.concatenate([corners, corners + random.uniform(0, 1000, (200, 2))], axis=1).astype(np.float32)
    where = placement.placed(boxes, 30 / 28, 1920, 1080)
    _, chunks = pasting._planned(where, 30, 1920, 1080, 1 << 16)
    assert max(chunk.pixels + 30 * chunk.columns + chunk.rows for chunk in chunks) <= 1 << 16
    assert sum(chunk.pixels for chunk in chunks) == (where.columns * where.rows).sum()
    assert len(chunks) < 1.5 * sum(chunk.pixels + 30 * chunk.columns for chunk in chunks) / (1 << 16)


@pytest.mark.parametrize("cost", [1, pasting.AT_ONCE])
def test_no_detections_have_no_masks(cost: int) -> None:
    nothing, no_boxes = np.zeros((0, 28, 28), np.float32), np.zeros((0, 4), np.float32)
    assert masks.encoded(torch.from_numpy(nothing), no_boxes, 64, 48) == ()
    assert at_once_counts(nothing, no_boxes, 64, 48, cost) == []
