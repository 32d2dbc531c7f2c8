"""The measurement of one point: deploy, warm up, repeat until stable, read the numbers.

Owns the order of these and the numbers. A point that fails is a result with its reason.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from botocore.exceptions import BotoCoreError, ClientError

from deploy.async_client import Completed, Failed, Outcome, Request
from deploy.core.errors import RehearsalError
from deploy.evidence.bench import BenchPoint
from harness.bench.measurement import stages
from harness.bench.measurement.points import Point
from harness.bench.measurement.stability import Rule, chance, percentile, spread
from harness.cases import Predictions
from harness.cases.clips import Clip
from harness.core.errors import MalformedDocument
from harness.observations import stage_log
from harness.observations.phases import Phases
from harness.observations.stage_log import ContainerLog

_OUT_OF_MEMORY = b"out_of_memory"
# After so many failures in a row no more requests are sent; below that, the rate of failures is a result.
_HOPELESS = 3
_BREAKAGE = (RehearsalError, BotoCoreError, ClientError)


class Client(Protocol):
    """The part of `deploy.async_client.AsyncClient` that is used here."""

    def send(self, request: Request) -> Outcome: ...


@dataclass(frozen=True)
class Usage:
    """The memory of the endpoint's instances; None and 0 where the runtime cannot measure it."""

    peak_host_bytes: int | None = None
    out_of_memory_kills: int = 0


@dataclass(frozen=True)
class Deployed:
    """An endpoint with a point's settings.

    It has a client for each request that is sent at once. `usage` and `phases` ask the emulator for the memory of its
    instances and the time of its requests.
    """

    clients: Sequence[Client]
    logs_dir: Path
    usage: Callable[[], Usage]
    phases: Callable[[Collection[str]], Sequence[Phases]] = lambda _: ()


class Interrupted(KeyboardInterrupt):
    """Ctrl-C while a point was measured; `point` is the result of its repeats so far."""

    def __init__(self, point: BenchPoint) -> None:
        super().__init__()
        self.point = point


@dataclass
class _Seen:
    frame_rates: list[float] = field(default_factory=list)
    job_rates: list[float] = field(default_factory=list)
    request_seconds: list[float] = field(default_factory=list)
    inference_ids: set[str] = field(default_factory=set)
    first_seconds: float | None = None
    frames: int = 0
    detections: int = 0
    requests: int = 0
    failures: list[str] = field(default_factory=list)
    failures_in_a_row: int = 0
    out_of_memory: int = 0
    was_unanswered: bool = False
    """A request got no answer within the time-out; no other is sent, because each would take as long."""
    repeats: int = 0
    repeating_seconds: float = 0.0

    @property
    def is_hopeless(self) -> bool:
        return self.was_unanswered or self.failures_in_a_row >= _HOPELESS

    def fail(self, why: str) -> None:
        self.failures.append(why)
        self.failures_in_a_row += 1

    def forget_times(self) -> None:
        for times in (self.frame_rates, self.job_rates, self.request_seconds, self.inference_ids):
            times.clear()


def measure(
    point: Point,
    clip: Clip,
    rule: Rule,
    deploy: Callable[[], Deployed],
    tell: Callable[[int], None] = lambda _: None,
) -> BenchPoint:
    """The measured point; a failure in `deploy` or later is a point with that outcome. Raises Interrupted.

    `tell` is called with the number of repeats after each.
    """
    seen = _Seen()
    try:
        deployed = deploy()
    except _BREAKAGE as error:
        return _nothing(point, "failed", str(error))
    try:
        _repeat(deployed, clip, rule, seen, tell)
    except KeyboardInterrupt as stop:
        raise Interrupted(_result(point, rule, seen, deployed, was_interrupted=True)) from stop
    except _BREAKAGE as error:
        seen.fail(str(error))
    return _result(point, rule, seen, deployed)


def left_out(point: Point, why: str) -> BenchPoint:
    return _nothing(point, "not_run", why)


def _nothing(point: Point, outcome: str, note: str) -> BenchPoint:
    return BenchPoint.model_validate(
        {
            "name": point.name,
            "settings": dict(point.settings),
            "concurrency": point.concurrency,
            "outcome": outcome,
            "note": note,
        }
    )


def _repeat(deployed: Deployed, clip: Clip, rule: Rule, seen: _Seen, tell: Callable[[int], None]) -> None:
    """Send one request to warm the worker up, then rounds of as many requests as the point sends at once."""
    seen.first_seconds = _round(deployed.clients[:1], clip, seen)
    seen.forget_times()
    started = time.monotonic()
    while not seen.is_hopeless and not rule.is_spent(seen.repeats, seen.repeating_seconds):
        _round(deployed.clients, clip, seen)
        seen.repeats += 1
        seen.repeating_seconds = time.monotonic() - started
        tell(seen.repeats)
        if not seen.failures and rule.is_stable(seen.frame_rates):
            return


def _round(clients: Sequence[Client], clip: Clip, seen: _Seen) -> float:
    started = time.monotonic()
    outcomes = _at_once(clients, clip)
    ended = time.monotonic() - started
    frames = sum(_noted(outcome, seen) for outcome in outcomes)
    completed = [outcome for outcome in outcomes if isinstance(outcome, Completed)]
    if len(completed) == len(outcomes) and frames:
        times = [outcome.seconds for outcome in completed]
        seen.frame_rates.append(frames / max(times))
        seen.job_rates.append(len(outcomes) / max(times))
        seen.request_seconds += times
        seen.inference_ids |= {outcome.submitted.inference_id for outcome in completed}
    return ended


def _at_once(clients: Sequence[Client], clip: Clip) -> list[Outcome]:
    """The outcomes of one request by each client. Ctrl-C does not wait for them: requests end with the endpoint."""
    pool = ThreadPoolExecutor(len(clients))
    try:
        return list(pool.map(lambda client: client.send(Request(clip.path, clip.content_type)), clients))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _noted(outcome: Outcome, seen: _Seen) -> int:
    """Note the outcome; returns how many frames the answer has."""
    seen.requests += 1
    if isinstance(outcome, Completed):
        try:
            found = Predictions.parse(outcome.body, what="the answer")
        except MalformedDocument as error:
            seen.fail(str(error))
            return 0
        seen.failures_in_a_row = 0
        seen.frames = len(found.frames)
        seen.detections = sum(len(frame.detections) for frame in found.frames)
        return seen.frames
    if isinstance(outcome, Failed):
        seen.out_of_memory += _OUT_OF_MEMORY in outcome.body
        seen.fail(outcome.body.decode("utf-8", errors="replace")[:500] or outcome.reason)
    else:
        seen.was_unanswered = True
        seen.fail(f"no answer within {outcome.waited_seconds:g} s")
    return 0


def _result(point: Point, rule: Rule, seen: _Seen, deployed: Deployed, *, was_interrupted: bool = False) -> BenchPoint:
    log, (usage, phases) = stage_log.read(deployed.logs_dir), _asked(deployed, seen)
    outcome, note = _verdict(rule, seen, was_interrupted=was_interrupted)
    rates, times = seen.frame_rates, seen.request_seconds
    return BenchPoint.model_validate(
        {
            "name": point.name,
            "settings": dict(point.settings),
            "concurrency": point.concurrency,
            "outcome": outcome,
            "note": note,
            "repeats": len(rates),
            "frames_per_second": spread(rates) if rates else None,
            "jobs_per_second": round(spread(seen.job_rates).median, 4) if rates else None,
            "request_p50_seconds": round(percentile(times, 0.5), 4) if times else None,
            "request_p95_seconds": round(percentile(times, 0.95), 4) if times else None,
            "first_request_seconds": round(seen.first_seconds, 4) if seen.first_seconds is not None else None,
            "stage_seconds_per_frame": stages.per_frame(times, phases, log.accounts[1:], seen.frames),
            "frames_per_request": seen.frames or None,
            "detections_per_frame": round(seen.detections / seen.frames, 2) if seen.frames else None,
            "peak_host_bytes": usage.peak_host_bytes,
            "peak_gpu_bytes": max((each.gpu_peak_bytes or 0 for each in log.accounts), default=0) or None,
            "failed_requests": len(seen.failures),
            "out_of_memory": _out_of_memory(seen, log, usage),
        }
    )


def _asked(deployed: Deployed, seen: _Seen) -> tuple[Usage, Sequence[Phases]]:
    """What the emulator reports; nothing when it is gone, so that the measured times are kept."""
    try:
        return deployed.usage(), deployed.phases(seen.inference_ids)
    except RehearsalError:
        return Usage(), ()


def _verdict(rule: Rule, seen: _Seen, *, was_interrupted: bool) -> tuple[str, str]:
    if seen.failures:
        count = f"{len(seen.failures)} of {seen.requests} requests failed: " if seen.frame_rates else ""
        return "failed", count + seen.failures[0]
    if was_interrupted:
        return "unstable", f"interrupted after {_repeats(seen)}"
    if rule.is_stable(seen.frame_rates):
        return "stable", ""
    return "unstable", f"not stable after {_repeats(seen)} in {seen.repeating_seconds:.0f} s"


def _repeats(seen: _Seen) -> str:
    return f"{seen.repeats} repeat" + "s" * (seen.repeats != 1)


def _out_of_memory(seen: _Seen, log: ContainerLog, usage: Usage) -> dict[str, float]:
    """How often memory ran out: answers that say so, batches that were halved, and workers that the kernel killed."""
    times = seen.out_of_memory + log.out_of_memory_count + usage.out_of_memory_kills
    return chance(min(times, seen.requests), seen.requests).model_dump()
