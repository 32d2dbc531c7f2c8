"""Is the reference: a video handler written the obvious way, like the public samples for this task.

Every frame is decoded to pixels, every N-th one kept, resized and made a float tensor of its own; 24 of them are
stacked and go through torchvision's eager network in float32, with masks. Nothing here may be improved, since every
ratio is relative to it. Unlike the samples, it gives the network RGB, so that its answers can be compared.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torchvision.transforms.functional import to_tensor

from detector import model

BATCH_SIZE = 24


@dataclass(frozen=True)
class FrameAnswer:
    """The detections of one frame; `boxes` is (n, 4) in pixels of the source."""

    boxes: npt.NDArray[np.float32]
    labels: npt.NDArray[np.int64]
    scores: npt.NDArray[np.float32]


@dataclass(frozen=True)
class Reference:
    network: nn.Module
    device: torch.device
    frame_interval: int
    frame_size: tuple[int, int] | None
    """(width, height) that frames are resized to; None leaves them as they are."""

    @torch.no_grad()
    def predict(self, body: bytes) -> list[FrameAnswer]:
        answers: list[FrameAnswer] = []
        batch: list[torch.Tensor] = []
        source = (1, 1)
        for picture in sampled_frames(body, self.frame_interval):
            source = (picture.shape[1], picture.shape[0])
            batch.append(self._tensor(picture))
            if len(batch) == BATCH_SIZE:
                answers += self._answered(batch, source)
                batch = []
        return answers + (self._answered(batch, source) if batch else [])

    def respond(self, body: bytes) -> bytes:
        """Run the whole handler, from a clip's bytes to JSON."""
        return encoded(self.predict(body))

    def _tensor(self, picture: npt.NDArray[np.uint8]) -> torch.Tensor:
        resized = cv2.resize(picture, self.frame_size, interpolation=cv2.INTER_AREA) if self.frame_size else picture
        tensor: torch.Tensor = to_tensor(rgb(resized))
        return tensor

    def _answered(self, batch: list[torch.Tensor], source: tuple[int, int]) -> list[FrameAnswer]:
        found: list[dict[str, torch.Tensor]] = self.network(torch.stack(batch).to(self.device))
        height, width = batch[0].shape[1:]
        scale = np.array([source[0] / width, source[1] / height] * 2, np.float32)
        return [
            FrameAnswer(each["boxes"].cpu().numpy() * scale, each["labels"].cpu().numpy(), each["scores"].cpu().numpy())
            for each in found
        ]


def load(model_dir: Path, device: torch.device, frame_interval: int, frame_size: tuple[int, int] | None) -> Reference:
    """Build the network, initialise it, and then load the file, which is the obvious way."""
    network = model.build_network(model.read_spec(model_dir / "model.json"))
    network.load_state_dict(torch.load(model_dir / "model.pth", map_location="cpu", weights_only=True))
    return Reference(network.to(device).eval(), device, frame_interval, frame_size)


def sampled_frames(body: bytes, frame_interval: int) -> Iterator[npt.NDArray[np.uint8]]:
    """Frames 0, N, 2N... in BGR; all others are converted to pixels as well, and dropped."""
    with tempfile.NamedTemporaryFile(suffix=".mp4") as file:
        file.write(body)
        file.flush()
        capture = cv2.VideoCapture(file.name)
        index = 0
        while True:
            read, picture = capture.read()
            if not read:
                break
            if index % frame_interval == 0:
                yield np.asarray(picture, np.uint8)
            index += 1
        capture.release()


def rgb(picture: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)


def encoded(answers: list[FrameAnswer]) -> bytes:
    document: list[dict[str, Any]] = [
        {"boxes": each.boxes.tolist(), "labels": each.labels.tolist(), "scores": each.scores.tolist()}
        for each in answers
    ]
    return json.dumps(document).encode()
