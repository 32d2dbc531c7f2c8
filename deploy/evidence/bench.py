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
from deploy.evidence.findings import Finding
from deploy.evidence.record import Count, LongText, ReadableText, Record, Seconds, Utc
from deploy.evidence.subject import Bundle, Configuration

BENCH_SCHEMA_ID: Literal["rehearsal.bench/1"] = "rehearsal.bench/1"
# The check that carries a benchmark's numbers in a report.
THROUGHPUT = "throughput"
CLOSED = "closed"

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
    """Requests at once: clients of a closed load, and what an asynchronous endpoint handles."""
    outcome: PointOutcome
    note: LongText = ""
    """Why it failed, is unstable or was not run."""
    repeats: Count = 0
    requests: Count = 0
    """Sent after the warm-up, those that failed among them."""
    answered_requests: Count = 0
    """Those of them whose times the percentiles are of."""
    frames_per_second: Spread | None = None
    """Sampled frames, from the first request's 202 to the last result."""
    items_per_second: Spread | None = None
    """What a case says its items are, measured alike; None where they are frames, or unknown."""
    requests_per_second: Spread | None = None
    """Requests that were answered as expected, in the time of all."""
    offered_per_second: float | None = None
    """Requests a second that were due, in an open load."""
    jobs_per_second: float | None = None
    """The median of `requests_per_second`."""
    request_p50_seconds: Seconds | None = None
    """Of the requests that were answered, from the 202; in an open load from when the request was due."""
    request_p90_seconds: Seconds | None = None
    request_p95_seconds: Seconds | None = None
    request_p99_seconds: Seconds | None = None
    first_request_seconds: Seconds | None = None
    """The one that found the worker cold."""
    stage_seconds_per_frame: Mapping[str, float] = {}
    stage_seconds_per_request: Mapping[str, float] = {}
    """Where requests are not of frames."""
    frames_per_request: Count | None = None
    items_per_request: float | None = None
    detections_per_frame: float | None = None
    peak_host_bytes: Count | None = None
    peak_gpu_bytes: Count | None = None
    failed_requests: Count = 0
    """Those of the warm-up among them."""
    errors: Mapping[str, Count] = {}
    """Failed requests by cause."""
    out_of_memory: Chance | None = None
    """Requests that ran out of memory, whether they failed or went on with smaller batches."""

    @property
    def speed(self) -> Spread | None:
        """In `unit`; None when nothing was measured."""
        return self.frames_per_second or self.items_per_second or self.requests_per_second

    @property
    def unit(self) -> str:
        return "frames/s" if self.frames_per_second else "items/s" if self.items_per_second else "requests/s"

    @property
    def stages(self) -> Mapping[str, float]:
        """Seconds by stage, of a frame or else of a request."""
        return self.stage_seconds_per_frame or self.stage_seconds_per_request


class Price(Record):
    """At the speed that this machine showed: the instance itself may be faster or slower."""

    instance_type: str
    usd_per_hour: float
    source: str
    usd_per_1000_frames: float | None = None
    usd_per_1000_items: float | None = None
    usd_per_1000_requests: float | None = None
    usd_per_video_minute: float | None = None


class Recommendation(Record):
    """`point` None: no point met the constraints; `reason` says why this one, or why none."""

    point: str | None
    settings: Mapping[str, str] = {}
    reason: LongText
    prices: tuple[Price, ...] = ()


class SentCase(Record):
    """One request of the load."""

    name: ReadableText
    input: InputFile


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
    """The clip that was sent, or the input of the first of `cases`."""
    cases: tuple[SentCase, ...] = ()
    """What every repeat sent, equally often; empty in older files, which sent `clip` alone."""
    load: str = CLOSED
    """`closed`: so many clients as a point's `concurrency`. `poisson:RATE` and `burst:N` do not wait for answers."""
    findings: tuple[Finding, ...] = ()
    """What could not be sent, and what the figures do not tell by themselves."""
    rule: str
    """When a point is stable."""
    constraints: Mapping[str, float] = {}
    points: tuple[BenchPoint, ...]
    recommendation: Recommendation

    def point(self, name: str) -> BenchPoint | None:
        return next((point for point in self.points if point.name == name), None)

    @property
    def is_open(self) -> bool:
        """Whether the load came at its own times: its requests a second are then what was offered, no capacity."""
        return self.load != CLOSED

    @property
    def inputs(self) -> tuple[InputFile, ...]:
        return tuple(each.input for each in self.cases) or (self.clip,)

    @property
    def unit(self) -> str:
        return next((point.unit for point in self.points if point.speed), "requests/s")


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


def throughput(point: BenchPoint, *, is_open: bool = False) -> Check:
    """A point as the check that gates ask for: frames_per_second, jobs_per_second, request_p95_seconds.

    An open load measures no throughput, and a model that answers with no frames has no frames_per_second.
    """
    rates = {
        "frames_per_second": point.frames_per_second.median if point.frames_per_second else None,
        "jobs_per_second": point.jobs_per_second,
    }
    counts_frames = point.frames_per_second is not None or point.speed is None
    shown = {name: rate for name, rate in rates.items() if not is_open and (counts_frames or name == "jobs_per_second")}
    outcomes = {"stable": "passed", "unstable": "inconclusive", "failed": "failed", "not_run": "inconclusive"}
    return Check.model_validate(
        {
            "name": THROUGHPUT,
            "outcome": outcomes[point.outcome],
            "summary": point.note or f"{point.name}: {point.repeats} repeats",
            "metrics": tuple(
                Metric(name=name, value=value)
                for name, value in {**shown, "request_p95_seconds": point.request_p95_seconds}.items()
            ),
        }
    )
