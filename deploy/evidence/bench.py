"""`bench.json` (`rehearsal.bench/1`): what a sweep of settings measured, point by point, and what it recommends.

Owns the format. What is absent was not measured. `throughput` puts a point into the words that gates read.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from deploy.core.errors import ConfigurationError
from deploy.evidence.cases import Check, InputFile, Metric
from deploy.evidence.circumstances import Machine, RuntimeUsed
from deploy.evidence.record import Count, LongText, Record, Seconds, Utc
from deploy.evidence.subject import Bundle, Configuration

BENCH_SCHEMA_ID: Literal["rehearsal.bench/1"] = "rehearsal.bench/1"
# The check that carries a benchmark's numbers in a report.
THROUGHPUT = "throughput"

PointOutcome = Literal["stable", "unstable", "failed", "not_run"]


class Spread(Record):
    """Of repeated measurements, the warm-up left out."""

    median: float
    low: float
    high: float
    values: tuple[float, ...] = ()


class Chance(Record):
    """An event seen `count` times in `trials`; `upper_bound` is what it is at most, with 95 % confidence."""

    count: Count
    trials: Count
    upper_bound: float = Field(ge=0, le=1)


class BenchPoint(Record):
    """One combination of settings. `settings` is what it changed of the project's own environment."""

    name: str
    settings: Mapping[str, str] = {}
    concurrency: Count = 1
    outcome: PointOutcome
    note: LongText = ""
    """Why it failed, is unstable or was not run."""
    repeats: Count = 0
    frames_per_second: Spread | None = None
    """Sampled frames, from the first request's 202 to the last result."""
    jobs_per_second: float | None = None
    request_p50_seconds: Seconds | None = None
    request_p95_seconds: Seconds | None = None
    first_request_seconds: Seconds | None = None
    """The one that found the worker cold."""
    stage_seconds_per_frame: Mapping[str, float] = {}
    frames_per_request: Count | None = None
    detections_per_frame: float | None = None
    peak_host_bytes: Count | None = None
    peak_gpu_bytes: Count | None = None
    failed_requests: Count = 0
    out_of_memory: Chance | None = None
    """Requests that ran out of memory, whether they failed or went on with smaller batches."""


class Price(Record):
    """At the speed that this machine showed: the instance itself may be faster or slower."""

    instance_type: str
    usd_per_hour: float
    source: str
    usd_per_1000_frames: float
    usd_per_video_minute: float | None = None


class Recommendation(Record):
    """`point` None: no point met the constraints; `reason` says why this one, or why none."""

    point: str | None
    settings: Mapping[str, str] = {}
    reason: LongText
    prices: tuple[Price, ...] = ()


class Bench(Record):
    schema_id: Literal["rehearsal.bench/1"] = Field(default=BENCH_SCHEMA_ID, alias="schema")
    tool_version: str
    run_id: str
    created: Utc
    arguments: tuple[str, ...] = ()
    bundle: Bundle
    configuration: Configuration
    runtime: RuntimeUsed | None
    machine: Machine
    versions: Mapping[str, str] = {}
    clip: InputFile
    rule: str
    """When a point is stable."""
    constraints: Mapping[str, float] = {}
    points: tuple[BenchPoint, ...]
    recommendation: Recommendation

    def point(self, name: str) -> BenchPoint | None:
        return next((point for point in self.points if point.name == name), None)


def read_bench(path: Path) -> Bench:
    """Raises ConfigurationError when there is no such file or it is not a `rehearsal.bench/1`."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"{path}: cannot read the benchmark ({error.strerror}); run `harness bench`"
        ) from error
    return parse_bench(data, where=str(path))


def parse_bench(data: bytes, *, where: str) -> Bench:
    """A benchmark from the bytes of a file named `where`."""
    try:
        return Bench.model_validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise ConfigurationError(f"{where}: not a {BENCH_SCHEMA_ID} file: {place}: {first['msg']}") from error


def throughput(point: BenchPoint) -> Check:
    """A point as the check that gates ask for: frames_per_second, jobs_per_second, request_p95_seconds."""
    measured = {
        "frames_per_second": point.frames_per_second.median if point.frames_per_second else None,
        "jobs_per_second": point.jobs_per_second,
        "request_p95_seconds": point.request_p95_seconds,
    }
    outcomes = {"stable": "passed", "unstable": "inconclusive", "failed": "failed", "not_run": "inconclusive"}
    return Check.model_validate(
        {
            "name": THROUGHPUT,
            "outcome": outcomes[point.outcome],
            "summary": point.note or f"{point.name}: {point.repeats} repeats",
            "metrics": tuple(Metric(name=name, value=value) for name, value in measured.items()),
        }
    )
