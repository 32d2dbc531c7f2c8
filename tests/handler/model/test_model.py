"""The network's answers against torchvision's own forward."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pycocotools import mask as coco
from torch import nn

from detector.core.detections import FrameDetections
from detector.core.errors import OutOfMemory
from detector.model import load_network
from detector.model.maskrcnn.detector import Detector
from tests.handler.networks import CPU, assert_same, batch_of, eager

# pycocotools 2.0.11 copies arrays in a way that numpy 2 announces the end of.
pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)


@pytest.mark.parametrize("with_masks", [False, True])
@pytest.mark.parametrize("count", [1, 3])
def test_boxes_labels_and_scores_are_torchvisions(small_network: nn.Module, count: int, with_masks: bool) -> None:
    batch = batch_of(count)
    found = Detector(small_network, CPU).detect(batch, score_threshold=0.0, with_masks=with_masks)
    for frame, expected in zip(found, eager(small_network, batch), strict=True):
        assert len(frame) > 5
        assert_same(frame, expected)
    assert [frame.frame_index for frame in found] == list(batch.frame_indices)
    assert [frame.pts_seconds for frame in found] == list(batch.pts_seconds)


def test_masks_are_exactly_torchvisions_above_one_half(small_network: nn.Module) -> None:
    batch = batch_of(2)
    found = Detector(small_network, CPU).detect(batch, score_threshold=0.0, with_masks=True)
    for frame, expected in zip(found, eager(small_network, batch), strict=True):
        assert frame.masks is not None
        decoded = [coco.decode({"size": [120, 160], "counts": counts}) for counts in frame.masks]
        assert np.array_equal(np.stack(decoded), expected["masks"][:, 0].numpy() > 0.5)


def test_masks_are_not_computed_unless_asked_for(small_network: nn.Module) -> None:
    calls: list[str] = []
    hook = small_network.get_submodule("roi_heads.mask_head").register_forward_hook(
        lambda *_: calls.append("mask head")
    )
    detector = Detector(small_network, CPU)
    try:
        (boxes_only,) = detector.detect(batch_of(1), score_threshold=0.0, with_masks=False)
        assert (calls, boxes_only.masks) == ([], None)
        detector.detect(batch_of(1), score_threshold=0.0, with_masks=True)
        assert calls == ["mask head"]
    finally:
        hook.remove()


def test_the_threshold_drops_what_is_below_it_and_nothing_else(small_network: nn.Module) -> None:
    detector = Detector(small_network, CPU)
    (everything,) = detector.detect(batch_of(1), score_threshold=0.0, with_masks=True)
    threshold = float(np.median(everything.scores))
    (some,) = detector.detect(batch_of(1), score_threshold=threshold, with_masks=True)
    (nothing,) = detector.detect(batch_of(1), score_threshold=1.0, with_masks=True)
    kept = everything.scores >= threshold
    assert 0 < len(some) < len(everything)
    assert np.array_equal(some.boxes, everything.boxes[kept])
    assert some.masks == tuple(mask for mask, keep in zip(everything.masks or (), kept, strict=True) if keep)
    assert (len(nothing), nothing.masks) == (0, ())


def test_boxes_and_masks_are_in_pixels_of_the_source(small_network: nn.Module) -> None:
    detector = Detector(small_network, CPU)
    (small,) = detector.detect(batch_of(1), score_threshold=0.0, with_masks=False)
    (large,) = detector.detect(batch_of(1, source=(640, 240)), score_threshold=0.0, with_masks=True)
    assert large.boxes == pytest.approx(small.boxes * [4, 2, 4, 2], rel=1e-5)
    box, counts = large.boxes[0], (large.masks or ("",))[0]
    left, top, width, height = coco.toBbox({"size": [240, 640], "counts": counts})
    assert left >= box[0] - 0.25 * (box[2] - box[0])
    assert top >= box[1] - 0.25 * (box[3] - box[1])
    assert 0 < width < 1.5 * (box[2] - box[0])
    assert 0 < height < 1.5 * (box[3] - box[1])


def test_the_loaded_archive_answers_as_the_network_it_was_saved_from(model_dir: Path, small_network: nn.Module) -> None:
    batch = batch_of(2)
    loaded, _ = load_network(model_dir)
    expected = Detector(small_network, CPU).detect(batch, score_threshold=0.0, with_masks=True)
    for frame, other in zip(
        Detector(loaded, CPU).detect(batch, score_threshold=0.0, with_masks=True), expected, strict=True
    ):
        assert np.array_equal(frame.boxes, other.boxes)
        assert np.array_equal(frame.scores, other.scores)
        assert frame.masks == other.masks


class Exhausted(nn.Module):
    """A backbone that has memory for `most` pictures at once; it notes how many it was given."""

    def __init__(self, inner: nn.Module, most: int, error: Exception) -> None:
        super().__init__()
        self.inner, self.most, self.error = inner, most, error
        self.given: list[int] = []

    def forward(self, pictures: torch.Tensor) -> dict[str, torch.Tensor]:
        self.given.append(len(pictures))
        if len(pictures) > self.most:
            raise self.error
        found: dict[str, torch.Tensor] = self.inner(pictures)
        return found


def short_of_memory(network: nn.Module, most: int, error: Exception) -> tuple[Any, Exhausted]:
    whole: Any = copy.deepcopy(network)
    whole.backbone = Exhausted(whole.backbone, most, error)
    return whole, whole.backbone


SHORTAGES = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"),
    MemoryError(),
    RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes."),
]


@pytest.mark.parametrize("shortage", SHORTAGES, ids=lambda error: type(error).__name__)
def test_out_of_memory_halves_the_batch_and_loses_no_frame(
    small_network: nn.Module, shortage: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    network, backbone = short_of_memory(small_network, 2, shortage)
    detector = Detector(network, CPU)
    found = detector.detect(batch_of(7), score_threshold=0.0, with_masks=False)
    assert backbone.given == [7, 3, 1, 1, 1, 1, 1, 1, 1]
    assert [frame.frame_index for frame in found] == list(batch_of(7).frame_indices)
    for frame, expected in zip(found, eager(small_network, batch_of(7)), strict=True):
        assert_same(frame, expected)
    assert "with 7 frames of 160 x 120 pixels at once; going on with 3: set BATCH_SIZE to that" in caplog.text


def test_the_smaller_batch_is_kept_for_the_next_request(small_network: nn.Module) -> None:
    network, backbone = short_of_memory(small_network, 2, SHORTAGES[0])
    detector = Detector(network, CPU)
    detector.detect(batch_of(4), score_threshold=0.0, with_masks=False)
    backbone.given.clear()
    detector.detect(batch_of(4), score_threshold=0.0, with_masks=False)
    assert backbone.given == [2, 2]


def test_one_frame_that_does_not_fit_names_the_settings_to_lower(small_network: nn.Module) -> None:
    network, _ = short_of_memory(small_network, 0, SHORTAGES[0])
    with pytest.raises(OutOfMemory, match="on cpu with 1 frames of 160 x 120 pixels at once; lower FRAME_WIDTH"):
        Detector(network, CPU).detect(batch_of(2), score_threshold=0.0, with_masks=False)


def test_an_error_that_is_not_about_memory_is_not_tried_again(small_network: nn.Module) -> None:
    network, backbone = short_of_memory(small_network, 0, RuntimeError("shapes do not fit"))
    with pytest.raises(RuntimeError, match="shapes do not fit"):
        Detector(network, CPU).detect(batch_of(2), score_threshold=0.0, with_masks=False)
    assert backbone.given == [2]


def test_detections_whose_columns_differ_in_length_cannot_be_made() -> None:
    boxes, scores = np.zeros((2, 4), np.float32), np.zeros(2, np.float32)
    with pytest.raises(ValueError, match="2 scores, but boxes"):
        FrameDetections(0, 0.0, boxes[:1], np.ones(2, np.int64), scores)
    with pytest.raises(ValueError, match="2 scores, but 1 masks"):
        FrameDetections(0, 0.0, boxes, np.ones(2, np.int64), scores, ("x",))
