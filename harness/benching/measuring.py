"""One point of the sweep: deployed, warmed up, repeated until stable, and taken down again.

Owns: the order of these and the numbers that come of them. A point that fails is a result with its reason.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from deploy.errors import DeployError
from deploy.evidence.bench import BenchPoint
from harness import stage_log
from harness.benching.points import Point
from harness.benching.stability import Rule, chance, percentile, spread
from harness.checks.known_answer import Predictions
from harness.clips import Clip
from harness.errors import HarnessError, MalformedDocument
from harness.stage_log import Account, ContainerLog
from harness.submit import Completed, Failed, Outcome, Request

_OUT_OF_MEMORY = b"out_of_memory"


class Client(Protocol):
    """What is asked of `harness.submit.Submitter`."""

    def submit(self, request: Request) -> Outcome: ...


@dataclass(frozen=True)
class Standing:
    """An endpoint with a point's settings: as many clients as requests are sent at once, and where its logs lie."""

    clients: Sequence[Client]
    logs_dir: Path
    peak_host_bytes: Callable[[], int | None]


@dataclass
class _Seen:
    frame_rates: list[float] = field(default_factory=list)
    job_rates: list[float] = field(default_factory=list)
    request_seconds: list[float] = field(default_factory=list)
    upload_seconds: list[float] = field(default_factory=list)
    first_seconds: float | None = None
    frames: int = 0
    detections: int = 0
    requests: int = 0
    failures: list[str] = field(default_factory=list)
    out_of_memory: int = 0


def measure(point: Point, clip: Clip, rule: Rule, stand: Callable[[], Standing]) -> BenchPoint:
    """`stand` deploys; whatever goes wrong there or later ends in a point that says so."""
    seen = _Seen()
    try:
        standing = stand()
        _repeat(standing, clip, rule, seen)
        return _result(point, rule, seen, stage_log.read(standing.logs_dir), standing.peak_host_bytes())
    except (HarnessError, DeployError) as error:
        return _nothing(point, "failed", str(error))


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


def _repeat(standing: Standing, clip: Clip, rule: Rule, seen: _Seen) -> None:
    """One request alone to warm the worker up, then rounds of as many as the point sends at once."""
    seen.first_seconds = _round(standing.clients[:1], clip, seen)
    seen.frame_rates.clear()
    seen.job_rates.clear()
    seen.request_seconds.clear()
    while not seen.failures and not rule.is_over(seen.frame_rates):
        _round(standing.clients, clip, seen)


def _round(clients: Sequence[Client], clip: Clip, seen: _Seen) -> float:
    begun = time.monotonic()
    with ThreadPoolExecutor(len(clients)) as pool:
        outcomes = list(pool.map(lambda client: client.submit(Request(clip)), clients))
    ended = time.monotonic() - begun
    frames = sum(_noted(outcome, seen) for outcome in outcomes)
    completed = [outcome.timings for outcome in outcomes if isinstance(outcome, Completed)]
    if len(completed) == len(outcomes):
        seconds = max(timings.total_seconds for timings in completed)
        seen.frame_rates.append(frames / seconds)
        seen.job_rates.append(len(outcomes) / seconds)
        seen.request_seconds += [timings.total_seconds for timings in completed]
        seen.upload_seconds += [timings.upload_seconds for timings in completed]
    return ended


def _noted(outcome: Outcome, seen: _Seen) -> int:
    """How many frames the answer has."""
    seen.requests += 1
    if isinstance(outcome, Completed):
        try:
            found = Predictions.parse(outcome.body, what="the answer")
        except MalformedDocument as error:
            seen.failures.append(str(error))
            return 0
        seen.frames = len(found.frames)
        seen.detections = sum(len(frame.detections) for frame in found.frames)
        return seen.frames
    if isinstance(outcome, Failed):
        seen.out_of_memory += _OUT_OF_MEMORY in outcome.body
        seen.failures.append(outcome.body.decode("utf-8", errors="replace")[:500] or outcome.reason)
    else:
        seen.failures.append(f"no answer within {outcome.waited_seconds:g} s")
    return 0


def _result(point: Point, rule: Rule, seen: _Seen, log: ContainerLog, peak: int | None) -> BenchPoint:
    stable = rule.is_stable(seen.frame_rates)
    outcome = "failed" if seen.failures else "stable" if stable else "unstable"
    note = seen.failures[0] if seen.failures else "" if stable else f"not stable after {len(seen.frame_rates)} repeats"
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
            "stage_seconds_per_frame": _stages(seen, log.accounts[1:]),
            "frames_per_request": seen.frames or None,
            "detections_per_frame": round(seen.detections / seen.frames, 2) if seen.frames else None,
            "peak_host_bytes": peak,
            "peak_gpu_bytes": max((each.gpu_peak_bytes or 0 for each in log.accounts), default=0) or None,
            "failed_requests": len(seen.failures),
            "out_of_memory": chance(min(seen.out_of_memory + log.out_of_memory_count, seen.requests), seen.requests),
        }
    )


def _stages(seen: _Seen, accounts: Sequence[Account]) -> dict[str, float]:
    """Mean seconds a frame, in the order of a request's way. `transfer` is what no stage of the handler explains: the
    queue, the download, HTTP, and the result's way back."""
    if not accounts or not seen.frames or not seen.request_seconds:
        return {}
    names = list(dict.fromkeys(name for account in accounts for name in account.seconds))
    order = [name for name in ("decode", "resize", "wait", "forward", "write") if name in names]
    inside = sum(account.total_seconds for account in accounts) / len(accounts)
    outside = max(0.0, sum(seen.request_seconds) / len(seen.request_seconds) - inside)
    found = {
        "upload": sum(seen.upload_seconds) / len(seen.upload_seconds) / seen.frames,
        "transfer": outside / seen.frames,
    }
    for name in order:
        mean = sum(account.seconds.get(name, 0.0) for account in accounts) / len(accounts)
        found[name] = mean / seen.frames
    return {name: round(value, 6) for name, value in found.items()}
