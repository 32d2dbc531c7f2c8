"""Measured points as charts: bars, spans and ticks in per cent of their axis. It makes no HTML."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from deploy.evidence.bench import Bench, BenchPoint
from harness.bench.measurement.stages import ORDER, in_line, place
from harness.report import texts

_TICKS = 5
# A narrower segment has no room for its name.
_LABELLED_PERCENT = 14.0


@dataclass(frozen=True)
class Segment:
    kind: str
    start_percent: float
    width_percent: float
    label: str = ""


@dataclass(frozen=True)
class Span:
    """The range from the least to the most of what was seen."""

    start_percent: float
    width_percent: float


@dataclass(frozen=True)
class Lane:
    segments: tuple[Segment, ...]
    span: Span | None = None


@dataclass(frozen=True)
class Row:
    """The row of a point. `lanes` is empty when there is nothing to draw; `words` then says why."""

    name: str
    words: str
    outcome: str
    lanes: tuple[Lane, ...] = ()
    is_chosen: bool = False


@dataclass(frozen=True)
class Tick:
    percent: float
    words: str


@dataclass(frozen=True)
class Chart:
    title: str
    unit: str
    explained: str
    rows: tuple[Row, ...]
    ticks: tuple[Tick, ...]
    limit: Tick | None = None
    """The most that the user allows."""


@dataclass(frozen=True)
class _Axis:
    most: float
    ticks: tuple[Tick, ...]

    def percent(self, value: float) -> float:
        return round(100 * value / self.most, 2)

    def limit(self, value: float | None) -> Tick | None:
        return None if value is None or value > self.most else Tick(self.percent(value), f"{value:g}")


def axis(values: Sequence[float]) -> _Axis:
    """The axis from 0 to the first round number that no value exceeds, in steps of 1, 2 or 5 times a power of ten."""
    most = max(values, default=0.0) or 1.0
    rough = most / _TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * (1 - 1e-9))
    count = math.ceil(most / step - 1e-9)
    return _Axis(count * step, tuple(Tick(round(100 * n / count, 2), f"{n * step:g}") for n in range(count + 1)))


def all_charts(bench: Bench) -> tuple[Chart, ...]:
    """The charts that have something to show."""
    made = (speeds(bench), waterfall(bench), times(bench), memories(bench))
    return tuple(chart for chart in made if any(row.lanes for row in chart.rows))


_SPEEDS = {
    "frames/s": ("Frames per second", "Sampled frames, from the 202 to the result object."),
    "items/s": ("Items per second", "What the cases say their items are, in the requests answered as expected."),
    "requests/s": ("Requests per second", "Requests answered as expected."),
}
_OPEN_LOAD = " The load comes at its own times ({}): more than it offers cannot be answered."


def speeds(bench: Bench) -> Chart:
    scale = axis([point.speed.high for point in bench.points if point.speed])

    def row(point: BenchPoint) -> Row:
        rate = point.speed
        if rate is None:
            return Row(point.name, point.note or point.outcome, point.outcome)
        lane = Lane((Segment("speed", 0.0, scale.percent(rate.median)),), _span(scale, rate.low, rate.high))
        return _row(bench, point, f"{rate.median:.2f} ({rate.low:.2f} to {rate.high:.2f})", lane)

    title, explained = _SPEEDS[bench.unit]
    explained += " The bar is the median of the repeats, the span their least and most."
    if bench.is_open:
        explained += _OPEN_LOAD.format(bench.load)
    return Chart(title, bench.unit, explained, tuple(row(point) for point in bench.points), scale.ticks)


def times(bench: Bench) -> Chart:
    known = [point for point in bench.points if point.request_p95_seconds is not None]
    limit = bench.constraints.get("max_p95_seconds")
    scale = axis([*(point.request_p95_seconds or 0.0 for point in known), *_within_reach(limit)])

    def row(point: BenchPoint) -> Row:
        p50, p95 = point.request_p50_seconds or 0.0, point.request_p95_seconds or 0.0
        lane = Lane((Segment("time", 0.0, scale.percent(p50)),), _span(scale, p50, p95))
        words = [texts.seconds(each).replace(" ", "\N{NO-BREAK SPACE}") for each in (p50, p95)]
        return _row(bench, point, f"{words[0]}, p95\N{NO-BREAK SPACE}{words[1]}", lane)

    explained = "The bar is the p50 of requests, the span reaches to their p95."
    if bench.is_open:
        explained += " They count from when each request was due, whether or not it could be sent then."
    rows = tuple(row(point) for point in known)
    return Chart("Request time", "s", explained, rows, scale.ticks, scale.limit(limit))


def memories(bench: Bench) -> Chart:
    known = [point for point in bench.points if _memories(point)]
    most = bench.constraints.get("max_memory_bytes")
    limit = None if most is None else most / 1e9
    scale = axis([*(size for point in known for size in _memories(point).values()), *_within_reach(limit)])

    def row(point: BenchPoint) -> Row:
        taken = _memories(point)
        lanes = [Lane((Segment(kind, 0.0, scale.percent(size)),)) for kind, size in taken.items()]
        return _row(
            bench, point, ", ".join(f"{kind} {size:.2f}\N{NO-BREAK SPACE}GB" for kind, size in taken.items()), *lanes
        )

    explained = "GPU: the handler's tensors. Host: the worker process. Each at its highest."
    rows = tuple(row(point) for point in known)
    return Chart("Peak memory", "GB", explained, rows, scale.ticks, scale.limit(limit))


def waterfall(bench: Bench) -> Chart:
    """The stages of a frame or a request, on the axis of the slowest point; those that run beside the others have a
    lane each."""
    known = [point for point in bench.points if point.stages]
    scale = axis([sum(in_line(point.stages).values()) * 1000 for point in known])

    def row(point: BenchPoint) -> Row:
        following = in_line(point.stages)
        lanes = [Lane(tuple(_segments(scale, following)))]
        beside = {name: each for name, each in point.stages.items() if name not in following}
        if beside:
            start = sum(seconds for name, seconds in following.items() if place(name) < ORDER.index("decode"))
            lanes.append(Lane(tuple(_segments(scale, beside, start))))
        return _row(bench, point, f"{1000 * sum(following.values()):.1f} ms", *lanes)

    rows = tuple(row(point) for point in known)
    part = timed_part(bench)
    explained = (
        f"Mean per {'sampled frame' if part == 'frame' else part}, stage after stage. http: the container's time that "
        "the handler does not account for. rest: until the client saw the result."
    )
    if any(len(row.lanes) > 1 for row in rows):
        explained += " The second line is the decoder's, which works beside the network."
    return Chart(f"Where a {part}'s time goes", "ms", explained, rows, scale.ticks)


def timed_part(bench: Bench) -> str:
    """What the stages are of: `frame` or `request`."""
    return "request" if any(point.stage_seconds_per_request for point in bench.points) else "frame"


def shown_stages(bench: Bench) -> tuple[str, ...]:
    """The stages in the order of a request."""
    seen = {name for point in bench.points for name in point.stages}
    return tuple(sorted(seen, key=lambda name: (place(name), name)))


def _segments(scale: _Axis, seconds: Mapping[str, float], start: float = 0.0) -> Iterator[Segment]:
    for name in sorted(seconds, key=place):
        width = scale.percent(1000 * seconds[name])
        label = f"{name} {1000 * seconds[name]:.1f}" if width >= _LABELLED_PERCENT else ""
        kind = name if name in ORDER else "other"
        yield Segment(kind, scale.percent(1000 * start), width, label)
        start += seconds[name]


def _memories(point: BenchPoint) -> Mapping[str, float]:
    named = {"GPU": point.peak_gpu_bytes, "host": point.peak_host_bytes}
    return {name: size / 1e9 for name, size in named.items() if size is not None}


def _within_reach(limit: float | None) -> Sequence[float]:
    return () if limit is None else (limit,)


def _span(scale: _Axis, low: float, high: float) -> Span:
    return Span(scale.percent(low), scale.percent(high - low))


def _row(bench: Bench, point: BenchPoint, words: str, *lanes: Lane) -> Row:
    return Row(point.name, words, point.outcome, lanes, is_chosen=point.name == bench.recommendation.point)
