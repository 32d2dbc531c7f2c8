"""Measures one picture from bytes to boxes, and decoding alone."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from benchmarks.contestants.contestants import Job
from benchmarks.gpu_day.measuring import clocks, handlers
from benchmarks.gpu_day.measuring.extent import Extent
from benchmarks.gpu_day.measuring.inputs import GOPS, Inputs
from benchmarks.gpu_day.measuring.record import Record
from benchmarks.gpu_day.steps.pairs import ready
from benchmarks.pairs import alternated
from detector import pipeline


def picture(record: Record, inputs: Inputs, extent: Extent) -> None:
    """A JPEG's bytes in, the answer's bytes out, in this process; and the network's share of it."""
    body = inputs.picture()
    for precision in extent.precisions:
        service = handlers.service_of(inputs, extent, {"PRECISION": precision})
        request = pipeline.Request(body, "image/jpeg")
        record.row(f"{precision}, bytes to answer", **clocks.timed(partial(pipeline.respond, service, request), extent))
        batch = handlers.batch_of(inputs, extent, 1)
        work = partial(service.predictor.detect, batch, score_threshold=0.0, with_masks=False)
        record.row(f"{precision}, the network alone", **clocks.timed(work, extent))


def decoding(record: Record, inputs: Inputs, extent: Extent) -> None:
    """Frames of the clip a second, from bytes to sampled frames, in alternated pairs."""
    base = Job(inputs.model_dir, inputs.clip(GOPS[0]), extent.intervals[0])
    with ready(["reference-decode", "handler-decode"], [base, base]) as workers:
        for gop in GOPS:
            for interval in extent.intervals:
                job = replace(base, clip=inputs.clip(gop), frame_interval=interval)
                for worker in workers:
                    worker.take(job)
                found = alternated(workers[0], workers[1], extent.pair_count)
                frames = found.a[0].frame_count * interval
                record.row(
                    f"key frames {gop} apart, 1 of {interval}",
                    ratio=round(found.ratio, 2),
                    reference_fps=round(frames / min(run.wall_seconds for run in found.a)),
                    handler_fps=round(frames / min(run.wall_seconds for run in found.b)),
                    why_not_skipped=found.b[0].why_not_skipped,
                )
