"""A request becomes an answer: decode, predict, write, one batch at a time.

Owns: the order of the stages and the loading of the service they need. Each stage is an iterator over the one before,
and batches are made in a thread of their own: at most three exist at once, the one in the network, the one that waits
and the one being filled.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Protocol

import torch
from torch import nn

from detector.speed import lazy_imports  # noqa: F401  before all that import torchvision

# isort: split
from detector.core import frames
from detector.core.detections import FrameDetections
from detector.core.frames import Clip, FrameBatch
from detector.core.opencv import require_video_support
from detector.core.settings import Compiled, Masks, Precision, Settings
from detector.core.stages import Stages
from detector.io import documents, media, wire
from detector.model import weights
from detector.model.maskrcnn import tuning
from detector.model.maskrcnn.detector import Detector
from detector.speed import gc_pause, gpu_memory, precision, prefetch

logger = logging.getLogger(__name__)


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


@gc_pause.resting()
def load(model_dir: Path, settings: Settings, gpu_index: int | None = None) -> Service:
    """Load the archive unpacked in `model_dir`. Raises ModelArtifactError or ServingError."""
    begun = time.perf_counter()
    require_video_support()
    network, spec = weights.load_network(model_dir)
    device = chosen_device(gpu_index)
    gpu_memory.cap(device, settings.gpu_memory_bytes)
    batch_size = settings.batch_size or default_batch_size(device)
    compute = precision.chosen(settings.precision, device)
    detector = _detector(network, device, settings, batch_size, compute)
    service = Service(detector, dict(spec.labels), settings, batch_size)
    seconds = time.perf_counter() - begun
    chosen = " ".join(
        f"{name}={value}"
        for name, value in (asdict(settings) | {"batch_size": batch_size, "precision": compute}).items()
    )
    logger.info("loaded %s from %s on %s in %.2f s: %s", spec.architecture, model_dir, device, seconds, chosen)
    return service


def _detector(
    network: nn.Module, device: torch.device, settings: Settings, batch_size: int, compute: Precision
) -> Detector:
    tuned = tuning.tuned(network, device, compute, settings.compiled)
    if settings.compiled is Compiled.NONE:
        return Detector(tuned, device)
    detector = Detector(tuned, device, batch_size)
    if settings.frame_width and settings.frame_height:  # the one size there will be: no request shall wait for it
        blank = frames.blank(settings.frame_width, settings.frame_height)
        detector.detect(blank, score_threshold=1.0, with_masks=False)
    return detector


def chosen_device(gpu_index: int | None) -> torch.device:
    """The GPU the server gave this worker, else the first, else the CPU."""
    return torch.device("cuda", gpu_index or 0) if torch.cuda.is_available() else torch.device("cpu")


def default_batch_size(device: torch.device) -> int:
    """Frames at once: a CPU gains nothing from more than one, a GPU little from more than eight."""
    return 1 if device.type == "cpu" else 8


def respond(service: Service, request: Request) -> tuple[bytes, str]:
    """The answer's body and content type. Raises RequestError, or ServingError."""
    stages = Stages()
    settings = service.settings.overridden(request.custom_attributes)
    output = wire.negotiated(request.accept, settings)
    with stages.during("write"), ExitStack() as stack:
        with stages.during("decode"):
            clip = stack.enter_context(media.open_clip(request.body, request.content_type, settings.frame_interval))
        batches = stack.enter_context(_batches(service, settings, clip, stages))
        header = documents.Header(clip.width, clip.height, service.labels, settings)
        answer = documents.written(output, header, predicted(service.predictor, batches, settings, stages))
    logger.info(stages.line(gpu_peak_bytes=_gpu_peak_bytes()))
    return answer, str(output)


def predicted(
    predictor: Predictor, batches: Iterable[FrameBatch], settings: Settings, stages: Stages
) -> Iterator[FrameDetections]:
    """Detections of every frame, in order."""
    for batch in batches:
        with stages.during("forward"):
            found = predictor.detect(
                batch, score_threshold=settings.score_threshold, with_masks=settings.masks is not Masks.NONE
            )
        stages.count("batches")
        stages.count("frames", len(found))
        stages.count("detections", sum(len(frame) for frame in found))
        yield from found


@contextmanager
def _batches(service: Service, settings: Settings, clip: Clip, stages: Stages) -> Iterator[Iterator[FrameBatch]]:
    timed = replace(clip, frames=stages.each("decode", clip.frames))
    made = frames.batches(timed, service.batch_size, settings.frame_width, settings.frame_height)
    made = stages.each("resize", made)
    with prefetch.made_ahead(made) as waiting:
        yield stages.each("wait", waiting)


def _gpu_peak_bytes() -> int | None:
    """Most that tensors took on the GPU since the last request; None without one."""
    if not torch.cuda.is_available():
        return None
    peak = torch.cuda.max_memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    return peak
