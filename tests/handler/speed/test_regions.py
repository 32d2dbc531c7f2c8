"""What replaces torchvision's pooling and box head on a CPU gives what they give."""

from __future__ import annotations

from collections import OrderedDict
from types import SimpleNamespace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torchvision.models.detection.faster_rcnn import TwoMLPHead
from torchvision.ops import MultiScaleRoIAlign

from detector.speed import dense, regions
from detector.speed.regions import RowPool

PICTURE = (128, 192)
CHANNELS = 6
NAMES = ["0", "1", "2", "3"]


def pyramid(pictures: int) -> OrderedDict[str, torch.Tensor]:
    """Feature maps at strides 4 to 64, the last of which is not pooled from."""
    torch.manual_seed(pictures)
    maps = [
        torch.randn(pictures, CHANNELS, PICTURE[0] // stride, PICTURE[1] // stride) for stride in (4, 8, 16, 32, 64)
    ]
    laid_out = [each.contiguous(memory_format=torch.channels_last) for each in maps]
    return OrderedDict(zip([*NAMES, "pool"], laid_out, strict=True))


def pooled(size: int, ratio: int, boxes: list[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    features, sizes = pyramid(len(boxes)), [PICTURE] * len(boxes)
    found = RowPool(MultiScaleRoIAlign(NAMES, size, ratio))(features, boxes, sizes)
    return found, MultiScaleRoIAlign(NAMES, size, ratio)(features, boxes, sizes)


def boxes_of(*corners: tuple[float, float, float, float]) -> torch.Tensor:
    return torch.tensor(corners, dtype=torch.float32).reshape(-1, 4)


@st.composite
def some_boxes(draw: st.DrawFn) -> torch.Tensor:
    """Boxes of any size, some of them beyond the picture."""
    edge = st.floats(-20, 210, width=32)
    length = st.floats(0, 220, width=32)
    corners = draw(st.lists(st.tuples(edge, edge, length, length), max_size=5))
    return boxes_of(*[(left, top, left + width, top + height) for left, top, width, height in corners])


@settings(max_examples=60, deadline=None)
@given(st.lists(some_boxes(), min_size=1, max_size=3), st.sampled_from([(7, 2), (14, 2), (3, 1), (2, 3)]))
def test_pooling_by_rows_is_roi_align(boxes: list[torch.Tensor], extent: tuple[int, int]) -> None:
    found, expected = pooled(*extent, boxes)
    assert found.shape == expected.shape
    assert torch.allclose(found, expected, rtol=0, atol=5e-6)


def test_every_level_is_pooled_from() -> None:
    sides = (8.0, 100.0, 200.0, 500.0)
    boxes = boxes_of(*[(0, 0, side, side) for side in sides])
    pool = MultiScaleRoIAlign(NAMES, 7, 2)
    pool(pyramid(1), [boxes], [PICTURE])
    assert pool.map_levels([boxes]).tolist() == [0, 0, 1, 3]
    found, expected = pooled(7, 2, [boxes])
    assert torch.allclose(found, expected, rtol=0, atol=5e-6)


def test_what_is_pooled_lies_channels_last() -> None:
    found, _ = pooled(7, 2, [boxes_of((0, 0, 60, 60), (5, 5, 90, 40))])
    assert found.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("count", [0, 1, 37])
def test_the_dense_head_is_torchvisions(count: int) -> None:
    torch.manual_seed(count)
    head = TwoMLPHead(CHANNELS * 7 * 7, 16)
    given_regions = torch.randn(count, CHANNELS, 7, 7)
    with torch.inference_mode():
        found = dense.DenseHead(head, (7, 7))(given_regions)
        expected = head(given_regions)
    assert found.shape == expected.shape
    assert torch.allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_other_pools_and_heads_are_left_alone() -> None:
    adaptive, other = MultiScaleRoIAlign(NAMES, 7, sampling_ratio=0), nn.Flatten()
    heads = SimpleNamespace(box_roi_pool=adaptive, mask_roi_pool=None, box_head=other)
    regions.pool_as_rows(heads)
    dense.compute_by_rows(heads)
    assert vars(heads) == {"box_roi_pool": adaptive, "mask_roi_pool": None, "box_head": other}
