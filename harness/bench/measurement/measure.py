"""The measurement of one point: deploy, warm up, repeat until stable, read the numbers.

Owns the order of these and the numbers. A point that fails is a result with its reason.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.core.errors import RehearsalError
from deploy.evidence.bench import BenchPoint
from harness.bench.load.requests import Load
from harness.bench.load.senders import BREAKAGE, Client, Repeat, send_once
from harness.bench.load.shapes import CLOSED, Shape
from harness.bench.measurement import stages
from harness.bench.measurement.points import Point
from harness.bench.measurement.stability import Rule, chance, percentile, spread
from harness.bench.measurement.tally import Tally
from harness.observations import stage_log
from harness.observations.phases import Phases
from harness.observations.stage_log import ContainerLog

_PERCENTILES = (50, 90, 95, 99)


@dataclass(frozen=True)
class Usage:
    """The memory of the endpoint's instances; None and 0 where the runtime cannot measure it."""

    peak_host_bytes: int | None = None
    out_of_memory_kills: int = 0


@dataclass(frozen=True)
class Deployed:
    """An endpoint with a point's settings.

    The requests that are sent at once share its clients. `usage` and `phases` ask the emulator for the memory of its
    instances and the time of its requests.
    """

    clients: Sequence[Client]
    logs_dir: Path
    usage: Callable[[], Usage]
    phases: Callable[[Collection[str]], Sequence[Phases]] = lambda _: ()
    concurrency: int = 1
    """Requests that it handles at once."""


class Interrupted(KeyboardInterrupt):
    """Ctrl-C while a point was measured; `point` is the result of its repeats so far."""

    def __init__(self, point: BenchPoint) -> None:
        super().__init__()
        self.point = point


@dataclass(frozen=True)
class Experiment:
    """What is done at every point: the load, its shape, and when a point is stable."""

    load: Load
    rule: Rule
    shape: Shape = CLOSED

    def measure(
        self, point: Point, deploy: Callable[[], Deployed], tell: Callable[[int], None] = lambda _: None
    ) -> BenchPoint:
        """The measured point; a failure in `deploy` or later is a point with that outcome. Raises Interrupted.

        `tell` is called with the number of repeats after each.
        """
        try:
            deployed = deploy()
        except BREAKAGE as error:
            return _nothing(point, "failed", str(error))
        measuring = _Measuring(self, point, deployed, Tally())
        try:
            measuring.repeat(tell)
        except KeyboardInterrupt as stop:
            raise Interrupted(measuring.result(was_interrupted=True)) from stop
        return measuring.result()


def left_out(point: Point, why: str) -> BenchPoint:
    return _nothing(point, "not_run", why)


def _nothing(point: Point, outcome: str, note: str) -> BenchPoint:
    return BenchPoint.model_validate(
        {
            "name": point.name,
            "settings": dict(point.settings),
            "concurrency": point.concurrency or 1,
            "outcome": outcome,
            "note": note,
        }
    )


@dataclass(frozen=True)
class _Measuring:
    experiment: Experiment
    point: Point
    deployed: Deployed
    tally: Tally

    def repeat(self, tell: Callable[[int], None]) -> None:
        """Send every request once to warm the worker up, then repeats of the load."""
        tally, rule = self.tally, self.experiment.rule
        for sent in self.experiment.load.sent:
            tally.warm_up(send_once(sent, self.deployed.clients[0]))
        started = time.monotonic()
        while not tally.is_hopeless and not rule.is_spent(tally.repeats, tally.repeating_seconds):
            tally.repeat(self._repeat().run(self.deployed.clients, tally.watch))
            tally.repeating_seconds = time.monotonic() - started
            tell(tally.repeats)
            if not tally.failures and self._is_stable():
                return

    def _is_stable(self) -> bool:
        """By speed; an open load has the speed that it offers, so by the median time of its requests."""
        is_open = self.experiment.shape != CLOSED
        return self.experiment.rule.is_stable(self.tally.medians if is_open else self.tally.speeds)

    def _repeat(self) -> Repeat:
        experiment = self.experiment
        return Repeat(
            experiment.load.sent, experiment.shape, self.point.concurrency or 1, experiment.rule.repeat_seconds
        )

    def result(self, *, was_interrupted: bool = False) -> BenchPoint:
        tally, log = self.tally, stage_log.read(self.deployed.logs_dir)
        usage, phases = self._asked()
        outcome, note = self._verdict(was_interrupted=was_interrupted)
        return BenchPoint.model_validate(
            {
                "name": self.point.name,
                "settings": dict(self.point.settings),
                "concurrency": self.deployed.concurrency,
                "outcome": outcome,
                "note": note,
                "repeats": len(tally.request_rates),
                "requests": tally.measured,
                "answered_requests": len(tally.seconds),
                **self._rates(),
                **_times(tally),
                **self._stages(phases, log),
                "peak_host_bytes": usage.peak_host_bytes,
                "peak_gpu_bytes": max((each.gpu_peak_bytes or 0 for each in log.accounts), default=0) or None,
                "failed_requests": len(tally.failures),
                "errors": dict(tally.causes.most_common()),
                "out_of_memory": _out_of_memory(tally, log, usage),
            }
        )

    def _rates(self) -> Mapping[str, Any]:
        """What the load's items are decides which rates there are."""
        tally, unit = self.tally, self.experiment.load.unit
        items = spread(tally.item_rates) if tally.counts_items else None
        requests = spread(tally.request_rates) if tally.request_rates else None
        offered = tally.offered_rates
        return {
            "frames_per_second": items if unit == "frames" else None,
            "items_per_second": items if unit == "items" else None,
            "requests_per_second": requests,
            "jobs_per_second": requests.median if requests else None,
            "offered_per_second": round(sum(offered) / len(offered), 4) if offered else None,
            **_per_request(tally, unit),
        }

    def _stages(self, phases: Sequence[Phases], log: ContainerLog) -> Mapping[str, Any]:
        tally, accounts = self.tally, log.accounts[self.tally.warm_ups :]
        frames = tally.items_per_request if self.experiment.load.unit == "frames" else None
        if frames:
            return {"stage_seconds_per_frame": stages.mean(tally.served_seconds, phases, accounts, frames)}
        return {"stage_seconds_per_request": stages.mean(tally.served_seconds, phases, accounts)}

    def _asked(self) -> tuple[Usage, Sequence[Phases]]:
        """What the emulator reports; nothing when it is gone, so that the measured times are kept."""
        try:
            return self.deployed.usage(), self.deployed.phases(self.tally.inference_ids)
        except RehearsalError:
            return Usage(), ()

    def _verdict(self, *, was_interrupted: bool) -> tuple[str, str]:
        tally = self.tally
        if tally.failures:
            count = f"{len(tally.failures)} of {tally.requests} requests failed: " if tally.request_rates else ""
            return "failed", count + tally.failures[0]
        if was_interrupted:
            return "unstable", f"interrupted after {_repeats(tally)}"
        if self._is_stable():
            return "stable", ""
        return "unstable", f"not stable after {_repeats(tally)} in {tally.repeating_seconds:.0f} s"


def _per_request(tally: Tally, unit: str | None) -> Mapping[str, float | None]:
    items = tally.items_per_request
    if items is None or unit is None:
        return {}
    if unit == "items":
        return {"items_per_request": round(items, 2)}
    return {
        "frames_per_request": round(items) or None,
        "detections_per_frame": round(tally.detections / tally.items, 2) if tally.items else None,
    }


def _times(tally: Tally) -> Mapping[str, float | None]:
    first = tally.first_seconds
    found = {
        f"request_p{share}_seconds": percentile(tally.seconds, share / 100) for share in _PERCENTILES if tally.seconds
    }
    return {
        **{name: round(seconds, 4) for name, seconds in found.items()},
        "first_request_seconds": None if first is None else round(first, 4),
    }


def _repeats(tally: Tally) -> str:
    return f"{tally.repeats} repeat" + "s" * (tally.repeats != 1)


def _out_of_memory(tally: Tally, log: ContainerLog, usage: Usage) -> dict[str, float]:
    """How often memory ran out: answers that say so, batches that were halved, and workers that the kernel killed."""
    times = tally.out_of_memory + log.out_of_memory_count + usage.out_of_memory_kills
    return chance(min(times, tally.requests), tally.requests).model_dump()
