"""Measures whole requests against the reference: one worker of the reference, and one of the handler for each variant.

The workers take turns (R A B C, C B A R, ...), so one run of the reference, which takes most of the time, is the
neighbour of a run of every variant.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.contestants.contestants import Job
from benchmarks.gpu_day.measuring.extent import Extent
from benchmarks.gpu_day.measuring.inputs import Inputs
from benchmarks.gpu_day.measuring.record import Record
from benchmarks.pairs import Pairs, Run, Worker, working


@dataclass(frozen=True)
class Point:
    """Every `interval`-th frame of a clip."""

    interval: int
    clip: Path

    @property
    def name(self) -> str:
        return "every frame" if self.interval == 1 else f"every {self.interval}th"


def far_apart(record: Record, inputs: Inputs, extent: Extent) -> None:
    _measure(record, inputs, extent, 250, variants_of(extent))


def close_together(record: Record, inputs: Inputs, extent: Extent) -> None:
    """Without masks: what they cost does not depend on key frames."""
    boxes = {name: environment for name, environment in variants_of(extent).items() if "MASKS" not in environment}
    _measure(record, inputs, extent, 30, boxes)


def variants_of(extent: Extent) -> dict[str, Mapping[str, str]]:
    """The handler's settings, by the name of the variant; the reference answers all of them."""
    return {
        extent.half: {"PRECISION": extent.half},
        f"{extent.half} masks": {"PRECISION": extent.half, "MASKS": "rle"},
        "fp32": {"PRECISION": "fp32"},
    }


def _measure(
    record: Record, inputs: Inputs, extent: Extent, gop: int, variants: Mapping[str, Mapping[str, str]]
) -> None:
    clips = (inputs.clip(gop), inputs.clip(gop), inputs.cut(gop))
    points = [Point(interval, clip) for interval, clip in zip(extent.intervals, clips, strict=True)]
    compared(record, inputs.model_dir, extent, points, variants)


def compared(
    record: Record, model_dir: Path, extent: Extent, points: Sequence[Point], variants: Mapping[str, Mapping[str, str]]
) -> None:
    """A row for each point and variant, the points one after the other."""
    base = Job(model_dir, points[0].clip, points[0].interval, extent.size)
    jobs = [base, *(replace(base, environment=environment) for environment in variants.values())]
    with ready(["reference"] + ["handler"] * len(variants), jobs) as workers:
        record.fact(start_seconds=[round(worker.ready_seconds, 2) for worker in workers])
        for number, point in enumerate(points):
            if number:
                _set_to(workers, jobs, point)
            runs = _rounds(workers, extent.pair_count, warm_ups=1 if number == 0 else 0)
            for name, found in zip(variants, runs[1:], strict=True):
                record.row(f"{point.name}, {name}", **_figures(Pairs(tuple(runs[0]), tuple(found))))


@contextmanager
def ready(names: Sequence[str], jobs: Sequence[Job]) -> Iterator[list[Worker]]:
    """The workers, started beside one another."""
    with ExitStack() as stack, ThreadPoolExecutor(len(names)) as pool:
        contexts = [working(name, job) for name, job in zip(names, jobs, strict=True)]
        yield list(pool.map(stack.enter_context, contexts))


def _set_to(workers: Sequence[Worker], jobs: Sequence[Job], point: Point) -> None:
    wanted = [replace(job, clip=point.clip, frame_interval=point.interval) for job in jobs]
    with ThreadPoolExecutor(len(workers)) as pool:
        list(pool.map(lambda worker, job: worker.take(job), workers, wanted))


def _rounds(workers: Sequence[Worker], count: int, warm_ups: int) -> list[list[Run]]:
    """The runs of each worker, in the order of `workers`; the handler's are warmed up before each point.

    Twice, because a CUDA graph is captured when a size comes for the second time.
    """
    for _ in range(warm_ups):
        workers[0].run()
    for worker in workers[1:]:
        worker.run()
        worker.run()
    runs: list[list[Run]] = [[] for _ in workers]
    for position in range(count):
        for index in range(len(workers))[:: 1 if position % 2 == 0 else -1]:
            runs[index].append(workers[index].run())
    return runs


def _figures(found: Pairs) -> dict[str, Any]:
    told = found.summary()
    return {
        "ratio": told["ratio"],
        "reference_ms": round(1000 * told["a_seconds_per_frame"], 2),
        "handler_ms": round(1000 * told["b_seconds_per_frame"], 2),
        "detections": f"{found.a[0].detection_count}/{found.b[0].detection_count}",
        "frames": told["frames_per_run"],
        **{name: told[name] for name in ("ratios", "cpu_ratio", "wall_ratio_of_minima", "b_peak_bytes", "pairs")},
    }
