"""Measures settings of the handler one at a time, each in a process of its own, against the first row.

`LEVERS` is the table: a name, the environment, and what is measured with it. A setting that this handler does not know
is said so and not measured, so that a row never shows the effect of nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from statistics import median

from benchmarks.contestants.contestants import Job
from benchmarks.gpu_day.measuring.extent import Extent
from benchmarks.gpu_day.measuring.inputs import GOPS, Inputs
from benchmarks.gpu_day.measuring.record import Record
from benchmarks.pairs import Worker, WorkerEnded, working
from detector.core.settings import Settings

_FORWARD, _REQUEST = "handler-forward", "handler"


@dataclass(frozen=True)
class Lever:
    """`contestant` is measured with `environment`: the network alone, or whole requests of every frame."""

    name: str
    contestant: str = _FORWARD
    environment: Mapping[str, str] | None = None


_OLD = {"FORWARD": "plain", "KERNELS": "none", "PREPARED": "host"}
LEVERS = (
    Lever("as it is"),
    Lever("plain, no kernels", environment=_OLD),
    Lever("batched, no graph", environment={"FORWARD": "batched"}),
    Lever("graph, no kernels", environment={"KERNELS": "none"}),
    Lever("request as it is", _REQUEST),
    Lever("request, all off", _REQUEST, _OLD),
    Lever("request, host", _REQUEST, {"PREPARED": "host"}),
    Lever("request, masks", _REQUEST, {"MASKS": "rle"}),
    Lever("batch 16", environment={"BATCH_SIZE": "16"}),
    Lever("request, batch 16", _REQUEST, {"BATCH_SIZE": "16"}),
    Lever("batch 4", environment={"BATCH_SIZE": "4"}),
)


def measure(record: Record, inputs: Inputs, extent: Extent) -> None:
    known = {field.name.upper() for field in fields(Settings)}
    for lever in LEVERS:
        environment = dict(lever.environment or {})
        if unknown := sorted(set(environment) - known):
            record.row(lever.name, ms_a_frame=None, why=f"this handler has no {', '.join(unknown)}")
        else:
            _pull(record, inputs, extent, lever)


def _pull(record: Record, inputs: Inputs, extent: Extent, lever: Lever) -> None:
    job = Job(
        inputs.model_dir,
        inputs.cut(GOPS[0]),
        extent.intervals[-1],
        extent.size,
        environment=dict(lever.environment or {}),
    )
    try:
        with working(lever.contestant, job) as worker:
            figures = _figures(worker, extent)
    except WorkerEnded as error:
        record.row(lever.name, ms_a_frame=None, why=str(error))
        return
    record.row(lever.name, **figures, environment=lever.environment)


def _figures(worker: Worker, extent: Extent) -> dict[str, float]:
    for _ in range(min(2, extent.warm_ups)):
        worker.run()
    runs = [worker.run() for _ in range(max(2, extent.repeats // 3))]
    return {
        "ms_a_frame": round(1000 * median(run.wall_seconds / run.frame_count for run in runs), 3),
        "start_s": round(worker.ready_seconds, 2),
        "peak_mib": round(max(run.peak_bytes for run in runs) / 2**20),
    }
