"""Many groups at once keep the boxes that torchvision's `batched_nms` keeps, one group after the other."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchvision.ops import boxes as torchvisions

from detector.model.maskrcnn.batched import suppression

PICTURE = 64.0


@st.composite
def scored_boxes(draw: st.DrawFn) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """(n, 4) boxes by falling score with many ties, equal and empty boxes, and their kinds."""
    corner, length = st.integers(0, 56), st.sampled_from([0, 1, 4, 8, 8, 16, 64])
    quantum = draw(st.sampled_from([1.0, 0.37, 1 / 3]))
    found = draw(st.lists(st.tuples(corner, corner, length, length, st.integers(0, 3)), min_size=1, max_size=60))
    rows = torch.tensor(found, dtype=torch.float32).reshape(-1, 5)
    boxes = torch.cat([rows[:, :2], rows[:, :2] + rows[:, 2:4]], 1).mul(quantum).clamp(max=PICTURE)
    return boxes, torch.linspace(1, 0.5, len(boxes)).mul(8).round().div(8), rows[:, 4].long()


@settings(max_examples=300, deadline=None)
@given(st.lists(scored_boxes(), min_size=1, max_size=3), st.sampled_from([0.5, 0.7]))
def test_the_kept_boxes_are_torchvisions(
    pictures: list[tuple[torch.Tensor, torch.Tensor, torch.Tensor]], threshold: float
) -> None:
    most = max(len(boxes) for boxes, _, _ in pictures)
    boxes, kinds = torch.zeros(len(pictures), most, 4), torch.zeros(len(pictures), most, dtype=torch.long)
    valid = torch.zeros(len(pictures), most, dtype=torch.bool)
    for row, (each, _, kind) in enumerate(pictures):
        boxes[row, : len(each)], kinds[row, : len(each)], valid[row, : len(each)] = each, kind, True
    moved = suppression.apart(boxes, valid, kinds)
    stays, settled = suppression.kept(moved, valid, threshold, kinds)
    assert settled
    for row, (each, scores, kind) in enumerate(pictures):
        expected = torchvisions.batched_nms(each, scores, kind, threshold)
        assert stays[row].nonzero()[:, 0].tolist() == sorted(expected.tolist())


def chain(length: int) -> torch.Tensor:
    """Boxes of which each one covers the next: every second one stays."""
    left = torch.arange(length, dtype=torch.float32)[:, None] * 3
    return torch.cat([left, torch.zeros_like(left), left + 10, torch.full_like(left, 10.0)], 1)


def alone(boxes: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, float, torch.Tensor]:
    """One group of one kind, all of it valid."""
    return boxes[None], torch.ones(1, len(boxes), dtype=torch.bool), 0.5, torch.zeros(1, len(boxes), dtype=torch.long)


def test_a_chain_settles_to_every_second_box() -> None:
    stays, settled = suppression.kept(*alone(chain(20)))
    assert settled
    assert stays[0].tolist() == [True, False] * 10


def test_a_chain_longer_than_the_rounds_is_not_called_settled() -> None:
    _, settled = suppression.kept(*alone(chain(60)))
    assert not settled


@pytest.mark.parametrize(("count", "is_moved"), [(1000, True), (1001, False)])
def test_boxes_are_moved_apart_exactly_where_torchvision_does(count: int, is_moved: bool) -> None:
    boxes = torch.rand(1, count, 4) + torch.tensor([0.0, 0, 1, 1])
    moved = suppression.apart(boxes, torch.ones(1, count, dtype=torch.bool), torch.ones(1, count, dtype=torch.long))
    assert torch.equal(moved, boxes + (boxes.max() + 1) if is_moved else boxes)
