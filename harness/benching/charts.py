"""Measured points as bars: numbers from 0 to 100 for the template to draw. Knows nothing of HTML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from deploy.evidence.bench import Bench, BenchPoint
from harness.benching.choosing import memory_bytes

STAGES = ("upload", "transfer", "decode", "resize", "wait", "forward", "write")


@dataclass(frozen=True)
class Segment:
    kind: str
    start_percent: float
    width_percent: float


@dataclass(frozen=True)
class Row:
    """`low_percent` and `high_percent` bound the repeats; None where there is one number."""

    name: str
    words: str
    segments: tuple[Segment, ...]
    low_percent: float | None = None
    high_percent: float | None = None
    is_chosen: bool = False


def speeds(bench: Bench) -> tuple[Row, ...]:
    most = max((point.frames_per_second.high for point in bench.points if point.frames_per_second), default=0.0)
    return tuple(_speed(point, most, bench) for point in bench.points if point.frames_per_second)


def _speed(point: BenchPoint, most: float, bench: Bench) -> Row:
    rate = point.frames_per_second
    if rate is None:
        raise ValueError(f"{point.name} has no speed to draw")
    return Row(
        point.name,
        f"{rate.median:.2f}",
        (Segment("unstable" if point.outcome == "unstable" else "speed", 0.0, _percent(rate.median, most)),),
        _percent(rate.low, most),
        _percent(rate.high, most),
        is_chosen=point.name == bench.recommendation.point,
    )


def waterfalls(bench: Bench) -> tuple[Row, ...]:
    """Where a frame's time goes, on the axis of the slowest point."""
    known = [point for point in bench.points if point.stage_seconds_per_frame]
    slowest = max((sum(point.stage_seconds_per_frame.values()) for point in known), default=0.0)
    return tuple(_waterfall(point, slowest, bench) for point in known)


def _waterfall(point: BenchPoint, slowest: float, bench: Bench) -> Row:
    segments, start, words = [], 0.0, []
    for name in STAGES:
        seconds = point.stage_seconds_per_frame.get(name, 0.0)
        if seconds:
            segments.append(Segment(name, _percent(start, slowest), _percent(seconds, slowest)))
            words.append(f"{name} {1000 * seconds:.1f}")
            start += seconds
    is_chosen = point.name == bench.recommendation.point
    return Row(point.name, ", ".join(words) + " ms", tuple(segments), is_chosen=is_chosen)


def memories(bench: Bench) -> tuple[Row, ...]:
    taken = [(point, memory) for point in bench.points if (memory := memory_bytes(point)) is not None]
    most = max((memory for _, memory in taken), default=0)
    return tuple(
        Row(
            point.name,
            f"{memory / 1e9:.2f} GB",
            (Segment("memory", 0.0, _percent(memory, most)),),
            is_chosen=point.name == bench.recommendation.point,
        )
        for point, memory in taken
    )


def shown_stages(rows: Sequence[Row]) -> tuple[str, ...]:
    seen = {segment.kind for row in rows for segment in row.segments}
    return tuple(name for name in STAGES if name in seen)


def _percent(value: float, whole: float) -> float:
    return round(100 * value / whole, 2) if whole else 0.0
