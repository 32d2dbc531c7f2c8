"""On a CUDA device: the same answers as torchvision's there, whole requests, and life after running out of memory."""

from __future__ import annotations

import copy
import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from detector import pipeline
from detector.core.settings import Precision, Settings
from detector.model.maskrcnn import masks
from detector.model.maskrcnn.detector import Detector
from detector.model.maskrcnn.tuning import tuned
from detector.pipeline import Request
from detector.speed import gpu_memory
from tests.handler.clips import ClipMaker
from tests.handler.networks import batch_of

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(
        not torch.cuda.is_available() and os.environ.get("FAIL_WITHOUT_CUDA") != "1", reason="no CUDA device here"
    ),
]
EVERYTHING = Settings(score_threshold=0.0)


@pytest.fixture
def cuda() -> torch.device:
    return torch.device("cuda")


@pytest.mark.parametrize(("precision", "pixels", "score"), [(Precision.FP32, 0.05, 1e-3), (Precision.FP16, 4.0, 0.05)])
def test_the_best_objects_are_those_of_the_cpu(
    small_network: nn.Module, cuda: torch.device, precision: Precision, pixels: float, score: float
) -> None:
    batch = batch_of(4)
    expected = Detector(copy.deepcopy(small_network), torch.device("cpu")).detect(
        batch, score_threshold=0.0, with_masks=False
    )
    found = Detector(tuned(copy.deepcopy(small_network), cuda, precision), cuda).detect(
        batch, score_threshold=0.0, with_masks=True
    )
    for frame, other in zip(found, expected, strict=True):
        assert frame.scores[0] == pytest.approx(other.scores[0], abs=score)
        distances = np.abs(frame.boxes[:, None] - other.boxes[None, :5]).max(axis=2).min(axis=0)
        assert distances.max() <= pixels


def test_masks_pasted_on_the_card_have_the_bytes_of_the_cpu(cuda: torch.device) -> None:
    random = np.random.default_rng(2)
    corners = random.uniform(-20, 1000, (300, 2))
    sizes = random.choice([8.0, 60.0, 300.0, 1500.0], (300, 2)) * random.uniform(0.5, 1, (300, 2))
    boxes = np.concatenate([corners, corners + sizes], axis=1).astype(np.float32)
    coarse = torch.from_numpy(random.random((300, 1, 5, 5), np.float32))
    probabilities = nn.functional.interpolate(coarse, size=28, mode="bilinear")[:, 0]
    expected = masks.encoded(probabilities, boxes, 1920, 1080)
    assert masks.encoded(probabilities.to(cuda), boxes, 1920, 1080) == expected


def test_masks_of_the_largest_boxes_need_no_more_memory_than_planned(cuda: torch.device) -> None:
    boxes = np.tile(np.array([[0, 0, 1920, 1080]], np.float32), (100, 1))
    probabilities = torch.rand(100, 28, 28, device=cuda)
    before = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    masks.encoded(probabilities, boxes, 1920, 1080)
    assert torch.cuda.max_memory_allocated() - before < 320 << 20


def test_a_request_decodes_ahead_and_answers_every_frame(model_dir: Path, clips: ClipMaker) -> None:
    service = pipeline.load(model_dir, Settings(frame_interval=3, batch_size=4))
    body, _ = pipeline.respond(service, Request(clips.whole("b-frames.mp4").read_bytes(), "video/mp4"))
    assert [frame["frame_index"] for frame in json.loads(body)["frames"]] == list(range(0, 50, 3))


def test_a_broken_body_fails_and_the_next_request_is_served(model_dir: Path, clips: ClipMaker) -> None:
    service = pipeline.load(model_dir, EVERYTHING)
    whole = clips.whole("h264.mp4").read_bytes()
    with pytest.raises(Exception, match="cut"):
        pipeline.respond(service, Request(whole[: len(whole) // 2], "video/mp4"))
    assert pipeline.respond(service, Request(whole, "video/mp4"))[0]


def test_a_limit_on_memory_holds_for_torch(cuda: torch.device) -> None:
    gpu_memory.cap(cuda, 256 << 20)
    try:
        with pytest.raises(torch.cuda.OutOfMemoryError):
            torch.empty(512 << 20, dtype=torch.uint8, device=cuda)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)


def test_running_out_of_memory_halves_the_batch_and_the_worker_lives(
    small_network: nn.Module, cuda: torch.device
) -> None:
    detector = Detector(tuned(copy.deepcopy(small_network), cuda, Precision.FP32), cuda)
    detector.detect(batch_of(1), score_threshold=0.0, with_masks=False)
    taken = torch.cuda.memory_allocated()
    _, total = torch.cuda.mem_get_info()
    torch.cuda.set_per_process_memory_fraction((taken + (96 << 20)) / total)
    try:
        torch.cuda.empty_cache()
        found = detector.detect(batch_of(64), score_threshold=0.0, with_masks=False)
        assert len(found) == 64
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
