"""The points of a sweep in order: progress, the time left, and what is kept after Ctrl-C."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from deploy.evidence.bench import BenchPoint
from harness.bench.measurement.measure import Interrupted, left_out
from harness.bench.measurement.points import Point
from harness.bench.results import choosing
from harness.core.progress import Progress, Stage
from harness.report import texts

INTERRUPTED = "interrupted before it was measured"
NO_TIME = "no time was left for it; the same command goes on from here"
_BAR_CELLS = 20
_MINUTES_FROM_SECONDS = 120

# It takes a point, the name of its endpoint, and a function to call with the number of repeats. May raise Interrupted.
Measure = Callable[[Point, str, Callable[[int], None]], BenchPoint]


@dataclass(frozen=True)
class Pace:
    """Progress over `points` of at most `most_repeats` each. Pure: times are arguments."""

    points: int
    most_repeats: int

    def share(self, done: int, repeats: int = 0) -> float:
        return min(1.0, (done + min(repeats / self.most_repeats, 1.0)) / self.points)

    def seconds_left(self, share: float, seconds: float) -> float | None:
        """The time left, or None before anything is known. It is an upper estimate: most points need fewer repeats."""
        return seconds / share * (1 - share) if share else None

    def bar(self, done: int, repeats: int, seconds: float) -> str:
        share = self.share(done, repeats)
        cells = round(_BAR_CELLS * share)
        times = f", {repeats} repeat{'s' * (repeats != 1)}" if repeats else ""
        left = self.seconds_left(share, seconds)
        eta = f", {in_words_left(left)}" if left is not None else ""
        return f"{'━' * cells}{'─' * (_BAR_CELLS - cells)} {share:.0%}{times}{eta}"


def in_words_left(seconds: float) -> str:
    if seconds > _MINUTES_FROM_SECONDS:
        return f"about {seconds / 60:.0f} min left"
    return f"about {seconds:.0f} s left"


def measured_each(
    wanted: Sequence[Point],
    known: Mapping[Point, BenchPoint],
    measure: Measure,
    progress: Progress,
    most_repeats: int,
    until: float | None = None,
    now: Callable[[], float] = time.monotonic,
) -> tuple[list[BenchPoint], bool]:
    """A result for every point, in order, and whether Ctrl-C ended the sweep; what was measured before it is kept.

    A point is left out when it would end after `until`, going by the time of those before it; the first point, when
    `until` has passed.
    """
    left = [point for point in wanted if point not in known]
    found = dict(known)
    sweep = _Sweep(Pace(max(1, len(left)), most_repeats), progress, now, now())
    for number, point in enumerate(left):
        if until is not None and sweep.expected_end(number) > until:
            found[point] = left_out(point, NO_TIME)
            continue
        try:
            found[point] = sweep.step(number, point, measure)
        except Interrupted as stop:
            if stop.point.speed is not None:
                found[point] = stop.point
            return [found.get(each) or left_out(each, INTERRUPTED) for each in wanted], True
        except KeyboardInterrupt:
            return [found.get(each) or left_out(each, INTERRUPTED) for each in wanted], True
    return [found[point] for point in wanted], False


@dataclass(frozen=True)
class _Sweep:
    pace: Pace
    progress: Progress
    now: Callable[[], float]
    started: float

    def step(self, number: int, point: Point, measure: Measure) -> BenchPoint:
        with self.progress.stage(f"[{number + 1}/{self.pace.points}] {point.name}") as stage:
            self._show(stage, number, 0)
            found = measure(point, f"bench-{number}", lambda repeats: self._show(stage, number, repeats))
            stage.ok, stage.result = found.outcome != "failed", in_words(found)
            left = self.pace.seconds_left(self.pace.share(number + 1), self.now() - self.started)
            if left:
                stage.result += f"; {in_words_left(left)}"
        return found

    def expected_end(self, number: int) -> float:
        """When point `number` will end; now for the first point, of which nothing is known."""
        now = self.now()
        return now + (now - self.started) / number if number else now

    def _show(self, stage: Stage, number: int, repeats: int) -> None:
        stage.show(f"{stage.name} {self.pace.bar(number, repeats, self.now() - self.started)}")


def in_words(point: BenchPoint) -> str:
    if point.speed is None:
        return f"{point.outcome.replace('_', ' ')}: {point.note}"
    memory = choosing.memory_bytes(point)
    parts = [
        f"{point.speed.median:.2f} {point.unit}",
        _requests_in_words(point),
        f"p95 {texts.seconds(point.request_p95_seconds)}" if point.request_p95_seconds is not None else "",
        f"{memory / 1e9:.2f} GB" if memory else "",
        ": ".join(filter(None, (point.outcome, point.note))) if point.outcome != "stable" else "",
    ]
    return ", ".join(part for part in parts if part)


def _requests_in_words(point: BenchPoint) -> str:
    """Beside frames or items, and where an open load tells how many there should have been."""
    if point.requests_per_second is None:
        return ""
    offered = f" of {point.offered_per_second:.2f} offered" if point.offered_per_second is not None else ""
    if point.unit == "requests/s":
        return offered.removeprefix(" of ")
    return f"{point.requests_per_second.median:.2f} requests/s{offered}"
