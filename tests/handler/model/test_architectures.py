"""Another model family is one module, here this one, and one row in the table."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest
import torch
from jsonschema import Draft202012Validator
from torch import nn

import detector
import inference
from deploy.gates import family
from detector.core.detections import FrameDetections
from detector.core.errors import BadParameter, ModelArtifactError
from detector.core.frames import FrameBatch
from detector.core.settings import Settings
from detector.model import SPEC_FILE, SPEC_SCHEMA, WEIGHTS_FILE, read_spec
from detector.model.architectures import ARCHITECTURES, Family
from detector.pipeline import Service
from tests.handler.fakes import FakeContext

ANSWER_SCHEMA = Path(detector.__file__).parents[1] / "predictions.schema.json"
BRIGHT_BLOBS = "bright_blobs"


@dataclass(frozen=True)
class BlobSpec:
    architecture: str
    labels: Mapping[int, str]
    channels: int
    least_area_pixels: int

    @property
    def sizes(self) -> Mapping[str, int]:
        return {"channels": self.channels}


class Brightness(nn.Module):
    """A weighted sum of the channels, and the least brightness of a blob."""

    def __init__(self, spec: BlobSpec) -> None:
        super().__init__()
        self.least_area_pixels = spec.least_area_pixels
        self.channels = nn.Parameter(torch.empty(spec.channels))
        self.threshold = nn.Parameter(torch.empty(()))

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """(n, height, width, channels) uint8 to (n, height, width) from 0 to 1."""
        return pixels.to(torch.float32).matmul(self.channels) / 255


class BlobFinder:
    """Finds connected bright regions; the score of one is its mean brightness. It makes no masks."""

    def __init__(self, network: Any, device: torch.device) -> None:
        self._network = network.to(device)
        self._device = device

    plain_batch_count = 0

    @torch.inference_mode()
    def detect(self, batch: FrameBatch, *, score_threshold: float, with_masks: bool) -> list[FrameDetections]:
        if with_masks:
            raise BadParameter(f"masks: {BRIGHT_BLOBS} makes none; ask for masks=none")
        brightness = self._network(torch.from_numpy(batch.pixels).to(self._device)).cpu().numpy()
        return [self._found(batch, place, each, score_threshold) for place, each in enumerate(brightness)]

    def _found(
        self, batch: FrameBatch, place: int, brightness: npt.NDArray[np.float32], score_threshold: float
    ) -> FrameDetections:
        height, width = brightness.shape
        scale = np.array([batch.source_width / width, batch.source_height / height] * 2)
        is_bright = (brightness >= float(self._network.threshold)).astype(np.uint8)
        _, regions, statistics, _ = cv2.connectedComponentsWithStats(is_bright)
        rows: list[list[int]] = np.asarray(statistics, np.int64)[1:].tolist()  # the first row is the background's
        found = [
            (float(brightness[regions == region].mean()), (x, y, x + wide, y + high) * scale)
            for region, (x, y, wide, high, area) in enumerate(rows, start=1)
            if area >= self._network.least_area_pixels
        ]
        kept = sorted((each for each in found if each[0] >= score_threshold), key=lambda each: -each[0])
        return FrameDetections(
            frame_index=batch.frame_indices[place],
            pts_seconds=batch.pts_seconds[place],
            boxes=np.array([box for _, box in kept], np.float32).reshape(-1, 4),
            label_ids=np.ones(len(kept), np.int64),
            scores=np.array([score for score, _ in kept], np.float32),
        )


def parse_spec(document: Mapping[str, Any]) -> BlobSpec:
    return BlobSpec(
        architecture=document["architecture"],
        labels={1: str(document["labels"]["1"])},
        channels=int(document.get("channels", 3)),
        least_area_pixels=int(document["least_area_pixels"]),
    )


def make_predictor(network: nn.Module, device: torch.device, settings: Settings) -> BlobFinder:
    return BlobFinder(network, device)


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ARCHITECTURES, BRIGHT_BLOBS, Family(parse_spec, Brightness, make_predictor))


def model_folder(folder: Path, **changes: Any) -> Path:
    """An unpacked archive of the second family."""
    document = {
        "schema": SPEC_SCHEMA,
        "architecture": BRIGHT_BLOBS,
        "labels": {"1": "lamp"},
        "least_area_pixels": 20,
    }
    (folder / SPEC_FILE).write_text(json.dumps(document | changes))
    torch.save({"channels": torch.full((3,), 1 / 3), "threshold": torch.tensor(0.5)}, folder / WEIGHTS_FILE)
    return folder


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Service:
    monkeypatch.setenv("FRAME_WIDTH", "80")
    return inference.model_fn(str(model_folder(tmp_path)))


def asking(custom_attributes: str) -> FakeContext:
    return FakeContext({"X-Amzn-SageMaker-Custom-Attributes": custom_attributes})


def lamps() -> bytes:
    """160 x 120 pixels of night: a white lamp, a grey one, and a speck of light that is too small to be one."""
    picture = np.zeros((120, 160, 3), np.uint8)
    picture[20:40, 30:60] = 255
    picture[80:100, 100:140] = 204
    picture[60:62, 10:12] = 255
    encoded, body = cv2.imencode(".png", picture)
    assert encoded
    return bytes(body)


def test_a_second_family_answers_a_picture_in_source_pixels(service: Service) -> None:
    body, content_type = inference.transform_fn(service, lamps(), "image/png", "application/json")
    document = json.loads(body)
    Draft202012Validator(json.loads(ANSWER_SCHEMA.read_text())).validate(document)
    assert (content_type, document["labels"]) == ("application/json", {"1": "lamp"})
    assert document["video"] == {"width": 160, "height": 120}
    (frame,) = document["frames"]
    assert frame == {
        "frame_index": 0,
        "pts_seconds": 0.0,
        "detections": [
            {"box": [30.0, 20.0, 60.0, 40.0], "label_id": 1, "label": "lamp", "score": pytest.approx(1.0)},
            {"box": [100.0, 80.0, 140.0, 100.0], "label_id": 1, "label": "lamp", "score": pytest.approx(0.8)},
        ],
    }


def test_the_requests_settings_reach_it(service: Service) -> None:
    body, _ = inference.transform_fn(service, lamps(), "image/png", None, asking("score_threshold=0.9"))
    assert len(json.loads(body)["frames"][0]["detections"]) == 1


def test_a_family_without_masks_refuses_a_request_for_them(service: Service) -> None:
    context = asking("masks=rle")
    body, _ = inference.transform_fn(service, lamps(), "image/png", None, context)
    assert context.status == (400, "Bad Request")
    assert json.loads(body) == {
        "error": {"code": "bad_parameter", "message": "masks: bright_blobs makes none; ask for masks=none"}
    }


def test_weights_that_do_not_fit_it_name_its_own_keys(tmp_path: Path) -> None:
    folder = model_folder(tmp_path, channels=4)
    with pytest.raises(ModelArtifactError) as caught:
        inference.model_fn(str(folder))
    message = str(caught.value)
    assert "do not fit bright_blobs with channels = 4: of another size: channels (3,) instead of (4,)" in message
    assert f"correct {folder / SPEC_FILE} (architecture, channels)" in message


def test_a_key_that_it_needs_is_named_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / SPEC_FILE
    path.write_text(json.dumps({"schema": SPEC_SCHEMA, "architecture": BRIGHT_BLOBS, "labels": {"1": "lamp"}}))
    with pytest.raises(ModelArtifactError) as caught:
        read_spec(path)
    assert str(caught.value).startswith(f"{path} is not a model specification")
    assert "key 'least_area_pixels' is missing" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("maskrcnn_resnet50", "maskrcnn_resnet50_fpn"),
        ("MaskRCNN_ResNet50_FPN", "maskrcnn_resnet50_fpn"),
        ("maskrcnn-small-fpn", "maskrcnn_small_fpn"),
        ("bright_blob", BRIGHT_BLOBS),
        ("yolo", None),
    ],
)
def test_an_unknown_architecture_is_told_with_those_that_exist(tmp_path: Path, name: str, meant: str | None) -> None:
    folder = model_folder(tmp_path, architecture=name)
    with pytest.raises(ModelArtifactError) as caught:
        inference.model_fn(str(folder))
    known = f"{folder / SPEC_FILE}: architecture {name!r} is not one of {', '.join(ARCHITECTURES)}"
    assert str(caught.value) == (f"{known}; did you mean {meant!r}?" if meant else known)


def test_the_parity_check_finds_the_table_in_a_bundle() -> None:
    """Without the file the check is skipped, and a bundle would pass uncompared."""
    assert (Path(detector.__file__).parents[1] / Path(family.ARCHITECTURES).relative_to("code")).is_file()
