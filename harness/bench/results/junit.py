"""Renders `junit.xml` of a benchmark for CI: a test case for each point, and one for the recommendation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from deploy.evidence.bench import Bench, BenchPoint
from harness.report.junit import Line, Suite

# An unstable point has figures, which may be of no use: CI shows it as neither good nor bad.
_JUDGEMENTS: Mapping[str, str] = {
    "stable": "passed",
    "unstable": "inconclusive",
    "failed": "failed",
    "not_run": "skipped",
}


def render(bench: Bench) -> bytes:
    facts = {
        "bundle.sha256": bench.bundle.sha256,
        "configuration.sha256": bench.configuration.sha256,
        "tool.version": bench.tool_version,
    }
    return Suite("harness bench", list(_lines(bench)), 0.0, bench.created, facts).rendered()


def _lines(bench: Bench) -> Iterator[Line]:
    for point in bench.points:
        yield Line("point", point.name, _JUDGEMENTS[point.outcome], point.note or point.outcome, _figures(point))
    chosen = bench.recommendation
    yield Line("bench", "recommendation", "passed" if chosen.point else "failed", chosen.reason, chosen.reason)


def _figures(point: BenchPoint) -> str:
    """Every number that was measured, under its name in bench.json."""
    measured = point.model_dump(exclude_none=True, exclude={"name", "settings", "outcome", "note"})
    return "\n".join(f"{name}: {_number(value)}" for name, value in measured.items() if value not in ({}, ()))


def _number(value: Any) -> Any:
    return value["median"] if isinstance(value, dict) and "median" in value else value
