"""A request becomes an answer: decode, predict, write, one batch at a time.

Owns: the order of the stages and the loading of the service they need. Each stage is an iterator over the one before,
so at most two batches exist at once: the one in the network and the one being filled.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

import torch

from detector import documents, frames, media, weights, wire
from detector.detections import FrameDetections
from detector.frames import FrameBatch
from detector.model import Detector
from detector.opencv import require_video_support
from detector.settings import Masks, Settings

logger = logging.getLogger(__name__)

_CPU_BATCH, _GPU_BATCH = 1, 8
"""Frames at once by default: a CPU gains nothing from more, a GPU little from more than eight."""


class Predictor(Protocol):
    """What the pipeline asks of a network; `model.Detector` in service."""

    def detect(self, batch: FrameBatch, *, score_threshold: float, with_masks: bool) -> list[FrameDetections]: ...


@dataclass(frozen=True)
class Service:
    """What `model_fn` returns: the loaded network and the settings of the container."""

    predictor: Predictor
    labels: dict[int, str]
    settings: Settings
    batch_size: int


@dataclass(frozen=True)
class Request:
    body: bytes | bytearray
    content_type: str | None = None
    accept: str | None = None
    custom_attributes: str | None = None


def load(model_dir: Path, settings: Settings, gpu_index: int | None = None) -> Service:
    """Load the archive unpacked in `model_dir`. Raises ModelArtifactError or ServingError."""
    begun = time.perf_counter()
    require_video_support()
    network, spec = weights.load_network(model_dir)
    device = chosen_device(gpu_index)
    batch_size = settings.batch_size or (_CPU_BATCH if device.type == "cpu" else _GPU_BATCH)
    service = Service(Detector(network, device), dict(spec.labels), settings, batch_size)
    seconds = time.perf_counter() - begun
    chosen = " ".join(f"{name}={value}" for name, value in (asdict(settings) | {"batch_size": batch_size}).items())
    logger.info("loaded %s from %s on %s in %.2f s: %s", spec.architecture, model_dir, device, seconds, chosen)
    return service


def chosen_device(gpu_index: int | None) -> torch.device:
    """The GPU the server gave this worker, else the first, else the CPU."""
    return torch.device("cuda", gpu_index or 0) if torch.cuda.is_available() else torch.device("cpu")


def respond(service: Service, request: Request) -> tuple[bytes, str]:
    """The answer's body and content type. Raises RequestError, or ServingError."""
    settings = service.settings.overridden(request.custom_attributes)
    output = wire.negotiated(request.accept, settings)
    with media.open_clip(request.body, request.content_type, settings.frame_interval) as clip:
        batches = frames.batches(clip, service.batch_size, settings.frame_width, settings.frame_height)
        header = documents.Header(clip.width, clip.height, service.labels, settings)
        return documents.written(output, header, predicted(service.predictor, batches, settings)), str(output)


def predicted(predictor: Predictor, batches: Iterable[FrameBatch], settings: Settings) -> Iterator[FrameDetections]:
    """Detections of every frame, in order."""
    for batch in batches:
        yield from predictor.detect(
            batch, score_threshold=settings.score_threshold, with_masks=settings.masks is not Masks.NONE
        )
