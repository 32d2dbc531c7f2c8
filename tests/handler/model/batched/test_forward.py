"""All pictures of a batch at once give torchvision's own answers, to the last bit where the device is the same."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torchvision.models.detection.image_list import ImageList

from detector.core.frames import FrameBatch
from detector.core.settings import Forward
from detector.model.maskrcnn.batched import suppression
from detector.model.maskrcnn.batched.proposals import Proposals, Proposing
from detector.model.maskrcnn.batched.selection import selected
from detector.model.maskrcnn.detector import Detector
from detector.model.maskrcnn.forwards import Batched, Plain, Ways
from tests.handler.networks import CPU, assert_same, batch_of, eager

SIZE = (96, 128)


@pytest.mark.parametrize("size", [(160, 120), (97, 61), (64, 200), (96, 96)])
@pytest.mark.parametrize("count", [1, 3])
def test_a_batch_has_torchvisions_answers(small_network: nn.Module, count: int, size: tuple[int, int]) -> None:
    batch = batch_of(count, size[0] // 8 * 8, size[1] // 8 * 8)
    found = Detector(small_network, CPU, Ways(Forward.BATCHED)).detect(batch, score_threshold=0.0, with_masks=True)
    plain = Detector(small_network, CPU, Ways(Forward.PLAIN)).detect(batch, score_threshold=0.0, with_masks=True)
    for frame, other, expected in zip(found, plain, eager(small_network, batch), strict=True):
        assert len(frame) > 5
        assert_same(frame, expected)
        assert np.array_equal(frame.boxes, other.boxes)
        assert np.array_equal(frame.scores, other.scores)
        assert np.array_equal(frame.label_ids, other.label_ids)
        assert frame.masks == other.masks


@pytest.mark.parametrize("level", [0, 128, 255])
def test_flat_pictures_whose_anchors_all_tie_have_the_plain_answers(small_network: nn.Module, level: int) -> None:
    batch = FrameBatch(np.full((2, 120, 160, 3), level, np.uint8), (0, 1), (0.0, 0.1), 160, 120)
    found, expected = (
        Detector(small_network, CPU, Ways(way)).detect(batch, score_threshold=0.0, with_masks=False)
        for way in (Forward.BATCHED, Forward.PLAIN)
    )
    for frame, other in zip(found, expected, strict=True):
        assert np.array_equal(frame.boxes, other.boxes)
        assert np.array_equal(frame.scores, other.scores)


class Told(nn.Module):
    """An RPN head that answers what it is told, whatever it is given."""

    def __init__(self, answer: tuple[list[torch.Tensor], list[torch.Tensor]]) -> None:
        super().__init__()
        self.answer = answer

    def forward(self, _: list[torch.Tensor]) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
        return self.answer


@st.composite
def head_outputs(draw: st.DrawFn) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Logits (2 x n, 3), regressions (2 x n, 12) and proposals (2, n, 4): from none to all above the threshold."""
    count = draw(st.sampled_from([1, 7, 60]))
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**32)))
    spread, quantum = draw(st.sampled_from([0.0, 0.5, 4.0, 40.0])), draw(st.sampled_from([None, 1.0, 0.25]))
    logits = torch.randn(2 * count, 3, generator=generator) * spread
    logits[:, 0] += draw(st.sampled_from([-50.0, 0.0, 3.0, 50.0]))
    regression = torch.randn(2 * count, 12, generator=generator) * draw(st.sampled_from([0.0, 1.0, 20.0]))
    corners = torch.rand(2, count, 2, 2, generator=generator).sort(2).values * torch.tensor([SIZE[1], SIZE[0]])
    if quantum is not None:
        logits, regression, corners = ((each / quantum).round() * quantum for each in (logits, regression, corners))
    return logits, regression, corners.flatten(2)


@settings(max_examples=200, deadline=None)
@given(head_outputs())
def test_the_selected_detections_are_torchvisions(
    small_network: Any, outputs: tuple[torch.Tensor, torch.Tensor, torch.Tensor]
) -> None:
    logits, regression, boxes = outputs
    heads = small_network.roi_heads
    settled = torch.tensor(True)
    proposals = Proposals(boxes, torch.ones(boxes.shape[:2], dtype=torch.bool), settled)
    found = selected(heads, logits, regression, proposals, SIZE)
    expected = heads.postprocess_detections(logits, regression, list(boxes), [SIZE] * 2)
    assert found.settled
    for picture, (rows, *columns) in enumerate(zip(found.rows, *expected, strict=True)):
        real = rows[rows[:, 4] >= 0]
        wanted = torch.cat([columns[0], columns[1][:, None], columns[2][:, None].float()], 1)
        assert torch.equal(real, wanted), picture


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([0.0, 0.3, 3.0]), st.sampled_from([None, 0.5]), st.integers(1, 3))
def test_the_proposals_are_torchvisions(
    small_network: Any, seed: int, spread: float, quantum: float | None, count: int
) -> None:
    """Objectness with and without ties, deltas from none to such that throw boxes out of the picture."""
    rpn, generator = small_network.rpn, torch.Generator().manual_seed(seed)
    maps = [torch.zeros(count, 64, SIZE[0] // stride, SIZE[1] // stride) for stride in (4, 8, 16, 32, 64)]
    objectness = [torch.randn(count, 3, *each.shape[-2:], generator=generator) * spread for each in maps]
    deltas = [torch.randn(count, 12, *each.shape[-2:], generator=generator) * spread for each in maps]
    if quantum is not None:
        objectness = [(each / quantum).round() * quantum for each in objectness]
    pictures = ImageList(torch.zeros(count, 3, *SIZE), [SIZE] * count)
    found = Proposing(rpn)(pictures, maps, objectness, deltas)
    told = copy.copy(rpn)
    told._modules = {**rpn._modules, "head": Told((objectness, deltas))}
    expected, _ = told(pictures, {str(level): each for level, each in enumerate(maps)})
    assert found.settled
    for boxes, is_real, wanted in zip(found.boxes, found.is_real, expected, strict=True):
        assert torch.equal(boxes[is_real], wanted)


def test_what_is_not_settled_goes_torchvisions_way_and_is_counted(
    small_network: nn.Module, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suppression, "_ROUNDS", 1)
    network: Any = copy.deepcopy(small_network)
    batched = Batched(network)
    uploaded = torch.from_numpy(batch_of(2).pixels)
    with torch.inference_mode():
        found, expected = batched(uploaded), Plain(network)(uploaded)
    assert batched.plain_batch_count == 1
    for rows, wanted in zip(found.rows, expected.rows, strict=True):
        assert np.array_equal(rows, wanted)


def test_more_candidates_than_are_looked_at_are_not_called_settled(small_network: Any) -> None:
    heads, boxes = small_network.roi_heads, torch.rand(1, 600, 2, 2).sort(2).values.flatten(2) * 90
    proposals = Proposals(boxes, torch.ones(1, 600, dtype=torch.bool), torch.tensor(True))
    found = selected(heads, torch.zeros(600, 3), torch.zeros(600, 12), proposals, SIZE)
    assert not found.settled
