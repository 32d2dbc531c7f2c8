"""Bars of time as numbers between 0 and 100, which the templates draw. It makes no SVG or HTML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from deploy.evidence import Case, Stage

_LEAST_PERCENT = 0.4


@dataclass(frozen=True)
class Bar:
    """One bar on a common axis; `kind` decides the colour."""

    start_percent: float
    width_percent: float
    kind: str


@dataclass(frozen=True)
class StageRow:
    name: str
    seconds: float
    bar: Bar


@dataclass(frozen=True)
class RequestSplit:
    """The phases of a request, on the axis of the slowest request."""

    bars: tuple[Bar, ...]
    words: str


def stage_rows(stages: Sequence[Stage]) -> tuple[StageRow, ...]:
    if not stages:
        return ()
    origin = min(stage.started for stage in stages)
    span = max((max(stage.ended for stage in stages) - origin).total_seconds(), 1e-9)
    return tuple(
        StageRow(
            stage.name,
            stage.seconds,
            _bar((stage.started - origin).total_seconds() / span, stage.seconds / span, "stage"),
        )
        for stage in stages
    )


def request_split(case: Case, slowest_seconds: float) -> RequestSplit | None:
    """The phases of a case's request; None when no time was measured. The rest is storing, notifying and waiting."""
    times = case.timings
    if not times.total_seconds or slowest_seconds <= 0:
        return None
    named = [("upload", times.upload_seconds), ("queue", times.queue_seconds), ("model", times.model_seconds)]
    known = [(kind, seconds) for kind, seconds in named if seconds]
    rest = max(0.0, times.total_seconds - sum(seconds for _, seconds in known))
    bars: list[Bar] = []
    start = 0.0
    for kind, seconds in [*known, ("rest", rest)]:
        bars.append(_bar(start / slowest_seconds, seconds / slowest_seconds, kind))
        start += seconds
    words = ", ".join(f"{kind} {seconds:.2f} s" for kind, seconds in [*known, ("rest", rest)])
    return RequestSplit(tuple(bars), words)


def _bar(start: float, width: float, kind: str) -> Bar:
    width_percent = min(100.0, max(100 * width, _LEAST_PERCENT))
    return Bar(round(min(100 * start, 100 - width_percent), 2), round(width_percent, 2), kind)
