"""The recommended point, and the price of its frames. Pure: measured points in, a recommendation with a reason out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import shorten

from deploy.evidence.bench import BenchPoint, Price, Recommendation

# Of the points within three per cent of the fastest, the smallest is recommended: it leaves memory for other clips.
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
        if point.frames_per_second is None or point.outcome not in ("stable", "unstable"):
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
) -> Recommendation:
    objections = {point.name: constraints.against(point) for point in points}
    allowed = [point for point in points if objections[point.name] is None]
    if not allowed:
        reasons = "; ".join(f"{name}: {why}" for name, why in objections.items())
        return Recommendation(
            point=None, reason=f"no point meets the constraints: {reasons}" if points else "no points"
        )
    fastest = max(allowed, key=_rate)
    near = [point for point in allowed if _rate(point) >= _AS_GOOD * _rate(fastest)]
    chosen = min(near, key=lambda point: (memory_bytes(point) or 0, -_rate(point)))
    return Recommendation(
        point=chosen.name,
        settings=chosen.settings,
        reason=_reason(chosen, fastest, allowed, {name: why for name, why in objections.items() if why}),
        prices=tuple(_price(rate, _rate(chosen), frames_per_video_minute) for rate in rates),
    )


def memory_bytes(point: BenchPoint) -> int | None:
    return point.peak_gpu_bytes if point.peak_gpu_bytes is not None else point.peak_host_bytes


def _rate(point: BenchPoint) -> float:
    return point.frames_per_second.median if point.frames_per_second else 0.0


def _reason(chosen: BenchPoint, fastest: BenchPoint, allowed: Sequence[BenchPoint], left_out: Mapping[str, str]) -> str:
    why = f"{_rate(chosen):.3g} frames/s"
    if chosen is fastest:
        why += ", the fastest"
    else:
        why += (
            f", within 3 % of the fastest ({fastest.name}, {_rate(fastest):.3g}), with less memory: "
            f"{_gigabytes(memory_bytes(chosen))} instead of {_gigabytes(memory_bytes(fastest))}"
        )
    if chosen.outcome == "unstable":
        why += "; its repeats were not stable, measure again with --fresh on a quiet machine"
    unsure = [point.name for point in allowed if point.outcome == "unstable" and point is not chosen]
    if unsure and chosen.outcome != "unstable":
        why += f"; not surely slower, because not stable: {', '.join(unsure)} (--fresh measures all again)"
    if left_out:
        why += ". Left out: " + "; ".join(f"{name} ({reason})" for name, reason in left_out.items())
    return why


def _price(rate: Rate, frames_per_second: float, frames_per_video_minute: float | None) -> Price:
    per_frame = rate.usd_per_hour / 3600 / frames_per_second
    return Price(
        instance_type=rate.instance_type,
        usd_per_hour=rate.usd_per_hour,
        source=rate.source,
        usd_per_1000_frames=round(1000 * per_frame, 6),
        usd_per_video_minute=None if frames_per_video_minute is None else round(per_frame * frames_per_video_minute, 6),
    )


def _gigabytes(size: int | None) -> str:
    return "an unknown amount" if size is None else f"{size / 1e9:.2f} GB"
