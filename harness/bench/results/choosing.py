"""The recommended point, and the price of what it answers. Pure: measured points in, a reasoned recommendation out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import shorten

from deploy.evidence.bench import BenchPoint, Price, Recommendation
from deploy.evidence.measured import AS_CONFIGURED
from harness.report import texts

# Of the points within three per cent of the fastest, the smallest is recommended: it leaves memory for other inputs.
# Under an open load all are as fast as it is, and the one that answers soonest is recommended.
_AS_GOOD = 0.97


# In characters; the point itself has the whole text.
_LONGEST_OBJECTION = 160


@dataclass(frozen=True)
class Constraints:
    max_memory_bytes: int | None = None
    """The limit for the GPU's memory where there is a GPU, else for the worker's."""
    max_p95_seconds: float | None = None

    def as_numbers(self) -> Mapping[str, float]:
        named = {"max_memory_bytes": self.max_memory_bytes, "max_p95_seconds": self.max_p95_seconds}
        return {name: float(value) for name, value in named.items() if value is not None}

    def against(self, point: BenchPoint) -> str | None:
        """Why a point may not be recommended; None when it may be."""
        if point.speed is None or point.outcome not in ("stable", "unstable"):
            return shorten(point.note or point.outcome, _LONGEST_OBJECTION, placeholder=" ...")
        if point.out_of_memory is not None and point.out_of_memory.count:
            return f"ran out of memory in {point.out_of_memory.count} of {point.out_of_memory.trials} requests"
        memory = memory_bytes(point)
        if self.max_memory_bytes is not None and (memory is None or memory > self.max_memory_bytes):
            return f"takes {_gigabytes(memory)}, allowed are {_gigabytes(self.max_memory_bytes)}"
        p95 = point.request_p95_seconds
        if self.max_p95_seconds is not None and (p95 is None or p95 > self.max_p95_seconds):
            return f"p95 is {p95} s, allowed are {self.max_p95_seconds:g} s"
        return None


UNCONSTRAINED = Constraints()


@dataclass(frozen=True)
class Rate:
    instance_type: str
    usd_per_hour: float
    source: str


def recommend(
    points: Sequence[BenchPoint],
    constraints: Constraints,
    rates: Sequence[Rate] = (),
    frames_per_video_minute: float | None = None,
    *,
    is_open: bool = False,
) -> Recommendation:
    objections = {point.name: constraints.against(point) for point in points}
    allowed = [point for point in points if objections[point.name] is None]
    if not allowed:
        reasons = "; ".join(f"{name}: {why}" for name, why in objections.items())
        return Recommendation(point=None, reason=f"no point can be recommended: {reasons}" if points else "no points")
    fastest = max(allowed, key=_rate)
    near = [point for point in allowed if _rate(point) >= _AS_GOOD * _rate(fastest)]
    chosen = min(near, key=_soonest if is_open else _smallest)
    return Recommendation(
        point=chosen.name,
        settings=chosen.settings,
        reason=_why(chosen, fastest, is_open=is_open)
        + _doubts(chosen, allowed, {name: why for name, why in objections.items() if why}),
        prices=tuple(_price(rate, chosen, frames_per_video_minute) for rate in rates),
    )


def memory_bytes(point: BenchPoint) -> int | None:
    return point.peak_gpu_bytes if point.peak_gpu_bytes is not None else point.peak_host_bytes


def _rate(point: BenchPoint) -> float:
    return point.speed.median if point.speed else 0.0


def _smallest(point: BenchPoint) -> tuple[float, float]:
    return memory_bytes(point) or 0, -_rate(point)


def _soonest(point: BenchPoint) -> tuple[float, float]:
    return point.request_p95_seconds or 0.0, -_rate(point)


def _why(chosen: BenchPoint, fastest: BenchPoint, *, is_open: bool) -> str:
    rate = f"{_rate(chosen):.3g} {chosen.unit}"
    if is_open:
        return f"it answers soonest: p95 {texts.seconds(chosen.request_p95_seconds)} at {rate}"
    if chosen is fastest:
        return f"{rate}, the fastest"
    return (
        f"{rate}, within 3 % of the fastest ({fastest.name}, {_rate(fastest):.3g}), with less memory: "
        f"{_gigabytes(memory_bytes(chosen))} instead of {_gigabytes(memory_bytes(fastest))}"
    )


def _doubts(chosen: BenchPoint, allowed: Sequence[BenchPoint], left_out: Mapping[str, str]) -> str:
    why = ""
    if chosen.outcome == "unstable":
        why += "; its repeats were not stable, measure again with --fresh on a quiet machine"
    unsure = [point.name for point in allowed if point.outcome == "unstable" and point is not chosen]
    if unsure and chosen.outcome != "unstable":
        why += f"; not surely slower, because not stable: {', '.join(unsure)} (--fresh measures all again)"
    own = next((point for point in allowed if point.name == AS_CONFIGURED), chosen)
    if own is not chosen and _overlap(own, chosen):
        why += f"; not surely faster than {own.name}: the repeats of both overlap"
    if left_out:
        why += ". Left out: " + "; ".join(f"{name} ({reason})" for name, reason in left_out.items())
    return why


def _overlap(slow: BenchPoint, fast: BenchPoint) -> bool:
    return bool(slow.speed and fast.speed and slow.speed.high >= fast.speed.low)


def _price(rate: Rate, point: BenchPoint, frames_per_video_minute: float | None) -> Price:
    usd_per_second = rate.usd_per_hour / 3600
    a_thousand = {
        "usd_per_1000_frames": point.frames_per_second,
        "usd_per_1000_items": point.items_per_second,
        "usd_per_1000_requests": point.requests_per_second,
    }
    known = {
        name: round(1000 * usd_per_second / each.median, 6) for name, each in a_thousand.items() if each and each.median
    }
    if point.frames_per_second and frames_per_video_minute is not None:
        known["usd_per_video_minute"] = round(
            usd_per_second / point.frames_per_second.median * frames_per_video_minute, 6
        )
    return Price(instance_type=rate.instance_type, usd_per_hour=rate.usd_per_hour, source=rate.source, **known)


def _gigabytes(size: int | None) -> str:
    return "an unknown amount" if size is None else f"{size / 1e9:.2f} GB"
