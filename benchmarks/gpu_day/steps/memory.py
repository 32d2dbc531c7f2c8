"""Measures what fits a smaller card: torch's memory is capped as if the GPU had 15 GiB, and four cores do the rest.

On a CPU there is nothing to cap: the same steps run, and no batch runs out of memory.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt

from benchmarks.contestants.contestants import Job
from benchmarks.gpu_day.measuring import clocks, handlers
from benchmarks.gpu_day.measuring.extent import Extent
from benchmarks.gpu_day.measuring.inputs import GOPS, Inputs
from benchmarks.gpu_day.measuring.record import Record
from benchmarks.gpu_day.steps.pairs import Point, compared
from benchmarks.pairs import WorkerEnded, working
from detector.core.frames import FrameBatch
from detector.pipeline import Service

_CORES = 4


def largest_batches(record: Record, inputs: Inputs, extent: Extent) -> None:
    """By picture size, with masks: the largest batch that the handler takes at once, and its peak."""
    pictures = inputs.frames(1, every=1)
    for width, height in extent.capped_sizes:
        service = handlers.service_of(inputs, extent, {**_capped(extent), "PRECISION": extent.half})
        largest, peak, tried = 0, None, []
        for size in extent.capped_batch_sizes:
            found = _fits(service, _repeated(pictures[0], size, width, height), extent)
            tried.append({"batch": size, "fits": found is not None, "peak_mib": found})
            if found is None:
                break
            largest, peak = size, found
        record.row(f"{width} x {height}", largest=largest, peak_mib=peak, tried=tried)


def starts(record: Record, inputs: Inputs, extent: Extent) -> None:
    """Fresh processes at the handler's own batch size with masks, several at once; one that ends is counted."""
    job = Job(
        inputs.model_dir,
        inputs.clip(GOPS[0]),
        extent.intervals[0],
        extent.size,
        environment={**_capped(extent), "MASKS": "rle"},
    )
    record.fact(cap_bytes=extent.cap_bytes, at_once=extent.starts_at_once)
    with ThreadPoolExecutor(extent.starts_at_once) as pool:
        for number, (started, seconds) in enumerate(pool.map(lambda _: _started(job), range(extent.starts)), 1):
            record.row(f"start {number}", started=started, seconds=round(seconds, 2))


def small_card(record: Record, inputs: Inputs, extent: Extent) -> None:
    """The pairs that a card of 15 GiB beside four cores would run, on four cores, with four threads."""
    os.environ.setdefault("OMP_NUM_THREADS", str(_CORES))
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:_CORES])
    record.fact(cores=len(os.sched_getaffinity(0)), threads=os.environ["OMP_NUM_THREADS"], cap_bytes=extent.cap_bytes)
    environment = {**_capped(extent), "PRECISION": extent.half}
    points = [Point(interval, inputs.clip(GOPS[0])) for interval in extent.intervals[:2]]
    compared(record, inputs.model_dir, extent, points, {f"{extent.half}, 4 cores": environment})


def _capped(extent: Extent) -> dict[str, str]:
    return {"GPU_MEMORY_BYTES": str(extent.cap_bytes)}


def _repeated(picture: npt.NDArray[np.uint8], count: int, width: int, height: int) -> FrameBatch:
    import cv2

    one = np.asarray(cv2.cvtColor(cv2.resize(picture, (width, height)), cv2.COLOR_BGR2RGB), np.uint8)
    return FrameBatch(np.stack([one] * count), tuple(range(count)), tuple(map(float, range(count))), width, height)


def _fits(service: Service, batch: FrameBatch, extent: Extent) -> float | None:
    """The peak in MiB (0.0 on a CPU) where the batch goes through at once; None where the handler had to halve it."""
    with _warnings() as heard:
        peak = clocks.peak_mib(lambda: _detect(service, batch), extent)
    return None if any("out of memory" in text for text in heard) else peak or 0.0


def _detect(service: Service, batch: FrameBatch) -> object:
    return service.predictor.detect(batch, score_threshold=0.0, with_masks=True)


@contextmanager
def _warnings() -> Iterator[list[str]]:
    """What the handler logs meanwhile: it says there when it halves a batch."""
    heard: list[str] = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: heard.append(record.getMessage())  # type: ignore[method-assign]
    logger = logging.getLogger("detector")
    logger.addHandler(handler)
    try:
        yield heard
    finally:
        logger.removeHandler(handler)


def _started(job: Job) -> tuple[bool, float]:
    """Whether a new process answered a request, and after how many seconds."""
    began = time.perf_counter()
    try:
        with working("handler", job) as worker:
            worker.run()
            return True, time.perf_counter() - began
    except WorkerEnded:
        return False, time.perf_counter() - began
