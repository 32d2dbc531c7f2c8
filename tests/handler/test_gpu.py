"""On a CUDA device: the same answers as torchvision's there, whole requests, and life after running out of memory."""

from __future__ import annotations

import copy
import json
import os
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import nn

from detector import pipeline
from detector.core.planes import Colours, Matrix, PlaneFormat, PlaneLayout, Turn
from detector.core.settings import Forward, Kernels, Precision, Prepared, Settings
from detector.model.maskrcnn import inputs, masks
from detector.model.maskrcnn.detector import Detector
from detector.model.maskrcnn.forwards import Ways
from detector.model.maskrcnn.tuning import tuned
from detector.pipeline import Request
from detector.speed import gpu_memory, kernels
from detector.speed.pictures import pinned, planar
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


@pytest.mark.parametrize("own", [Kernels.AUTO, Kernels.NONE])
@pytest.mark.parametrize("with_masks", [False, True])
def test_a_graph_replayed_has_the_plain_answers(
    small_network: nn.Module, cuda: torch.device, own: Kernels, with_masks: bool
) -> None:
    """The third time is a replay; other pictures than those it was captured with, so that nothing of them is left."""
    network = tuned(copy.deepcopy(small_network), cuda, Precision.FP32, own=own)
    graphed, plain = (Detector(network, cuda, Ways(way, own)) for way in (Forward.GRAPH, Forward.PLAIN))
    for seed in (4, 3, 4, 4):
        batch = batch_of(4 if seed == 4 else 3)
        shuffled = replace(batch, pixels=np.ascontiguousarray(batch.pixels[::-1]))
        for each in (batch, shuffled):
            found, expected = (one.detect(each, score_threshold=0.0, with_masks=with_masks) for one in (graphed, plain))
            for frame, other in zip(found, expected, strict=True):
                assert np.array_equal(frame.label_ids, other.label_ids)
                assert frame.boxes == pytest.approx(other.boxes, abs=1e-3)
                assert frame.scores == pytest.approx(other.scores, abs=1e-5)
                assert frame.masks == other.masks
    assert graphed.plain_batch_count == 0


def test_a_graph_holds_the_constants_that_others_push_out(small_network: nn.Module, cuda: torch.device) -> None:
    network = tuned(copy.deepcopy(small_network), cuda, Precision.FP32)
    graphed, plain = (Detector(network, cuda, Ways(way)) for way in (Forward.GRAPH, Forward.PLAIN))
    batch = batch_of(2)
    for _ in range(2):
        graphed.detect(batch, score_threshold=0.0, with_masks=False)
    for width in range(64, 64 + 8 * 80, 8):  # every size but the first comes once
        graphed.detect(batch_of(1, width, 64), score_threshold=0.0, with_masks=False)
    torch.randn(64 << 20, device=cuda)  # takes what was given back
    found, expected = (one.detect(batch, score_threshold=0.0, with_masks=False) for one in (graphed, plain))
    for frame, other in zip(found, expected, strict=True):
        assert frame.boxes == pytest.approx(other.boxes, abs=1e-3)


def test_the_kernels_can_be_used(cuda: torch.device) -> None:
    assert kernels.are_usable(torch.device("cuda", 0))


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


def planes_of(layout: PlaneLayout, count: int = 3) -> npt.NDArray[np.uint8]:
    """In pinned memory."""
    planes = pinned.allocator(torch.device("cuda"))((count, *layout.shape))
    planes[:] = np.random.default_rng(layout.width).integers(0, 256, planes.shape, np.uint8)
    return planes


@pytest.mark.parametrize("size", [(640, 360), (320, 180), (341, 342), (97, 51)])
@pytest.mark.parametrize("turn", [Turn(), Turn(is_transposed=True, reverses_rows=True), Turn(reverses_columns=True)])
@pytest.mark.parametrize("colours", [Colours(Matrix.BT709, False), Colours(Matrix.BT601, True)], ids=str)
def test_planes_become_the_pictures_that_a_cpu_makes_of_them(
    cuda: torch.device, colours: Colours, turn: Turn, size: tuple[int, int]
) -> None:
    width, height = size[::-1] if turn.is_transposed else size
    layout = PlaneLayout(PlaneFormat(640, 360, colours, turn), width, height)
    planes = torch.from_numpy(planes_of(layout))
    expected, found = planar.shown(planes, layout).to(torch.int16), planar.shown(planes.to(cuda), layout).cpu()
    assert (found.to(torch.int16) - expected).abs().max() <= 1
    assert (found.to(torch.int16) == expected).to(torch.float64).mean() >= 0.999


def test_a_batch_for_the_gpu_is_pinned_in_whole_and_in_part(cuda: torch.device) -> None:
    block = pinned.allocator(cuda)((4, 72))
    assert torch.from_numpy(block).is_pinned()
    assert torch.from_numpy(block[1:3]).is_pinned()


def test_memory_in_use_is_never_given_out_again(cuda: torch.device) -> None:
    allocate = pinned.allocator(cuda)
    held = [allocate((4, 72)) for _ in range(5)]
    assert len({block.ctypes.data for block in held}) == 5


def test_a_second_batch_neither_waits_for_the_gpu_nor_changes_when_captured(
    small_network: nn.Module, cuda: torch.device
) -> None:
    transform = small_network.transform
    layout = PlaneLayout(PlaneFormat(640, 360, Colours(Matrix.BT709, False)), 341, 342)
    first, second = (planes_of(layout) for _ in range(2))
    second[:] = 255 - second
    inputs.computed(inputs.uploaded(first, transform, cuda, layout), transform, layout)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch says that it does not detect every wait
        torch.cuda.set_sync_debug_mode("error")
    try:
        expected = inputs.computed(inputs.uploaded(second, transform, cuda, layout), transform, layout).tensors
    finally:
        torch.cuda.set_sync_debug_mode(0)
    place = torch.from_numpy(first).to(cuda)
    graph: Any = torch.cuda.CUDAGraph()  # type: ignore[no-untyped-call]
    with torch.cuda.graph(graph):
        captured = inputs.computed(place, transform, layout).tensors
    place.copy_(torch.from_numpy(second))
    graph.replay()
    assert torch.equal(captured, expected)


def test_a_request_has_the_same_frames_and_nearly_the_same_boxes_prepared_here_and_there(
    model_dir: Path, clips: ClipMaker
) -> None:
    body = clips.whole("h264.mp4").read_bytes()
    answers = []
    for prepared in (Prepared.AUTO, Prepared.HOST):
        settings = Settings(score_threshold=0.0, frame_width=91, precision=Precision.FP32, prepared=prepared)
        service = pipeline.load(model_dir, settings)
        assert service.as_planes is (prepared is Prepared.AUTO)
        answers.append(json.loads(pipeline.respond(service, Request(body, "video/mp4"))[0])["frames"])
    for one, other in zip(*answers, strict=True):
        assert (one["frame_index"], one["pts_seconds"]) == (other["frame_index"], other["pts_seconds"])
        boxes, expected = (np.array([each["box"] for each in way["detections"]]) for way in (one, other))
        distances = np.abs(boxes[:, None] - expected[None, :5]).max(axis=2).min(axis=0)
        assert distances.max() <= 2e-3  # a document's boxes have three decimals
