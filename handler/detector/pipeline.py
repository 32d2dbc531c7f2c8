"""Answers requests: decodes, predicts and writes, one batch at a time.

Owns: the order of the stages and the loading of the service they need. Each stage is an iterator over the one before,
and a thread makes the batches: at most three exist at once, one in the network, one in the queue and one being filled.
Another thread writes: what the stage `write` counts is the waiting for its end.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import cast

import torch

from detector.speed import lazy_imports  # noqa: F401  must precede every import of torchvision

# isort: split
from detector import model
from detector.core import frames
from detector.core.detections import FrameDetections
from detector.core.frames import Allocate, Clip, FrameBatch
from detector.core.predictor import Predictor, takes_planes
from detector.core.settings import DamagedFrames, Masks, Prepared, Settings
from detector.core.stages import Stages
from detector.io import documents, libraries, media, wire
from detector.speed import gc_pause, gpu_memory, precision, prefetch, threads
from detector.speed.pictures import pinned

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Service:
    """The return value of `model_fn`: the loaded network and the settings of the container.

    `as_planes`: pictures go to the predictor as a decoder stores them, wherever it can do what the host would.
    `allocate` makes the memory of their batches.
    """

    predictor: Predictor
    labels: dict[int, str]
    settings: Settings
    batch_size: int
    as_planes: bool = False
    allocate: Allocate = frames.pageable


@dataclass(frozen=True)
class Request:
    body: bytes | bytearray
    content_type: str | None = None
    accept: str | None = None
    custom_attributes: str | None = None


@gc_pause.gc_paused()
def load(model_dir: Path, settings: Settings, gpu_index: int | None = None) -> Service:
    """Load the archive unpacked in `model_dir`. Raises ModelArtifactError or ServingError."""
    started = time.perf_counter()
    libraries.require_proved()
    threads.keep_to_share()
    device = chosen_device(gpu_index)
    gpu_memory.cap(device, settings.gpu_memory_bytes)
    settings = model.settled(model_dir, settings)
    batch_size = settings.batch_size or default_batch_size(device)
    decided = replace(settings, batch_size=batch_size, precision=precision.chosen(settings.precision, device))
    predictor, spec = model.load(model_dir, device, decided)
    seconds = time.perf_counter() - started
    told = " ".join(f"{name}={value}" for name, value in asdict(decided).items())
    logger.info(libraries.line())
    logger.info("loaded %s from %s on %s in %.2f s: %s", spec.architecture, model_dir, device, seconds, told)
    as_planes = is_prepared_on_device(settings.prepared, device) and takes_planes(predictor)
    return Service(predictor, dict(spec.labels), settings, batch_size, as_planes, pinned.allocator(device))


def chosen_device(gpu_index: int | None) -> torch.device:
    """The GPU the server gave this worker, else the first, else the CPU."""
    return torch.device("cuda", gpu_index or 0) if torch.cuda.is_available() else torch.device("cpu")


def default_batch_size(device: torch.device) -> int:
    """The number of frames at once: a CPU gains nothing from more than one, a GPU little from more than eight."""
    return 1 if device.type == "cpu" else 8


def is_prepared_on_device(prepared: Prepared, device: torch.device) -> bool:
    """A GPU gets planes sooner than the host can convert and scale them; a CPU has its own cores alone."""
    return prepared is Prepared.DEVICE or (prepared is Prepared.AUTO and device.type == "cuda")


def respond(service: Service, request: Request) -> tuple[bytes, str]:
    """Answer a request with a body and its content type. Raises RequestError or ServingError."""
    stages = Stages()
    settings = service.settings.overridden(request.custom_attributes)
    output = wire.negotiated(request.accept, settings)
    with stages.during("write"), ExitStack() as stack:
        with stages.during("decode"):
            clip = stack.enter_context(_opened(request, settings, as_planes=service.as_planes))
        batches = stack.enter_context(_batches(service, settings, clip, stages))
        header = documents.Header(clip.width, clip.height, service.labels, settings, clip.warnings)
        found = predicted(service.predictor, batches, settings, stages)
        answer = _written_beside(found, partial(documents.written, output, header))
    logger.info(stages.line(gpu_peak_bytes=_gpu_peak_bytes()))
    return answer, str(output)


def _opened(request: Request, settings: Settings, *, as_planes: bool) -> AbstractContextManager[Clip]:
    return media.open_clip(
        request.body,
        request.content_type,
        settings.frame_interval,
        settings.failed_packets_percent,
        as_planes=as_planes,
        keeps_damaged=settings.damaged_frames is DamagedFrames.KEPT,
        square_pixels=settings.square_pixels,
    )


def predicted(
    predictor: Predictor, batches: Iterable[FrameBatch], settings: Settings, stages: Stages
) -> Iterator[FrameDetections]:
    """Detections of every frame, in order."""
    for batch in batches:
        plain_before = predictor.plain_batch_count
        with stages.during("forward"):
            found = predictor.detect(
                batch, score_threshold=settings.score_threshold, with_masks=settings.masks is not Masks.NONE
            )
        stages.count("batches")
        if predictor.plain_batch_count > plain_before:
            stages.count("plain_batches", predictor.plain_batch_count - plain_before)
        stages.count("frames", len(found))
        if batch.planes:
            stages.count("planes", len(found))
        stages.count("detections", sum(len(frame) for frame in found))
        yield from found


def _written_beside(found: Iterable[FrameDetections], write: Callable[[Iterator[FrameDetections]], bytes]) -> bytes:
    """`write` of `found`: the frames of one batch are written by a thread while the next is in the network."""
    frames_found: SimpleQueue[FrameDetections | None] = SimpleQueue()
    with ThreadPoolExecutor(1, "writer") as pool:
        answer = pool.submit(write, cast(Iterator[FrameDetections], iter(frames_found.get, None)))
        try:
            for frame in found:
                frames_found.put(frame)
        finally:
            frames_found.put(None)
        return answer.result()


@contextmanager
def _batches(service: Service, settings: Settings, clip: Clip, stages: Stages) -> Iterator[Iterator[FrameBatch]]:
    timed = replace(clip, frames=stages.each("decode", clip.frames))
    made = frames.batches(timed, service.batch_size, settings.frame_width, settings.frame_height, service.allocate)
    made = stages.each("resize", made)
    with prefetch.prefetched(made) as waiting:
        yield stages.each("wait", waiting)


def _gpu_peak_bytes() -> int | None:
    """The peak GPU memory of tensors since the last request; None without a GPU."""
    if not torch.cuda.is_available():
        return None
    peak = torch.cuda.max_memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    return peak
