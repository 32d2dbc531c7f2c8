"""`harness bench compare A B`: the changes between two benchmarks, and whether they are within the limits."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from deploy.evidence.bench import Bench, BenchPoint
from harness.bench.results.choosing import memory_bytes
from harness.core.errors import ConfigurationError

_READERS: Mapping[str, Callable[[BenchPoint], float | None]] = {
    "fps": lambda point: point.frames_per_second.median if point.frames_per_second else None,
    "items": lambda point: point.items_per_second.median if point.items_per_second else None,
    "requests": lambda point: point.jobs_per_second,
    "p50": lambda point: point.request_p50_seconds,
    "p90": lambda point: point.request_p90_seconds,
    "p95": lambda point: point.request_p95_seconds,
    "p99": lambda point: point.request_p99_seconds,
    "memory": memory_bytes,
}
_LIMIT = re.compile(r"(?P<metric>[a-z0-9]+):(?P<sign>[+-])(?P<percent>[0-9.]+)%?")


@dataclass(frozen=True)
class Limit:
    """A limit: with `fps:-5%` fps may fall by at most five per cent, with `p95:+10%` p95 may rise by at most ten."""

    metric: str
    percent: float

    @staticmethod
    def parse(text: str) -> Limit:
        """The limit that the text means; raises ConfigurationError."""
        found = _LIMIT.fullmatch(text.strip())
        if found is None or found["metric"] not in _READERS:
            known = ", ".join(_READERS)
            raise ConfigurationError(f"--fail-on must be like fps:-5% or p95:+10% (known: {known}), not {text!r}")
        return Limit(found["metric"], float(found["sign"] + found["percent"]))

    def is_passed_by(self, change_percent: float) -> bool:
        return change_percent >= self.percent if self.percent < 0 else change_percent <= self.percent


@dataclass(frozen=True)
class Change:
    point: str
    metric: str
    before: float
    after: float

    @property
    def percent(self) -> float:
        return 100 * (self.after / self.before - 1) if self.before else 0.0

    def __str__(self) -> str:
        before, after = (_in_units(self.metric, value) for value in (self.before, self.after))
        return f"{self.point}: {self.metric} {before} -> {after} ({self.percent:+.1f} %)"


def _in_units(metric: str, value: float) -> str:
    if metric == "memory":
        return f"{value / 1e9:.4g} GB"
    return f"{value:.4g}" + {"items": "/s", "requests": "/s", "fps": ""}.get(metric, " s")


@dataclass(frozen=True)
class Comparison:
    changes: tuple[Change, ...]
    failures: tuple[str, ...]
    warnings: tuple[str, ...]


def compare(before: Bench, after: Bench, limits: Sequence[Limit]) -> Comparison:
    """Compare points of the same name. A point that was measured before and is not now is a failure."""
    changes, failures = [], []
    for point in before.points:
        other = after.point(point.name)
        if point.speed is None:
            continue
        if other is None or other.speed is None:
            failures.append(f"{point.name}: was measured before and is not now" + (f": {other.note}" if other else ""))
            continue
        changes += list(_changes(point, other))
    for limit in limits:
        beyond = [each for each in changes if each.metric == limit.metric and not limit.is_passed_by(each.percent)]
        failures += [f"{change}: allowed is {limit.percent:+g} %" for change in beyond]
        if not any(each.metric == limit.metric for each in changes):
            failures.append(f"{limit.metric}: no point of both benchmarks has it, so that nothing was compared")
    return Comparison(tuple(changes), tuple(failures), tuple(_warnings(before, after)))


def _changes(before: BenchPoint, after: BenchPoint) -> Iterator[Change]:
    for metric, read in _READERS.items():
        old, new = read(before), read(after)
        if old is not None and new is not None:
            yield Change(before.name, metric, float(old), float(new))


def as_document(found: Comparison) -> dict[str, Any]:
    changes = [{**asdict(change), "percent": round(change.percent, 3)} for change in found.changes]
    return {
        "schema": "rehearsal.bench-comparison/1",
        "changes": changes,
        "failures": found.failures,
        "warnings": found.warnings,
    }


def _sent(bench: Bench) -> str:
    return ", ".join(each.file for each in bench.inputs)


def _served(bench: Bench) -> str:
    return f"{bench.runtime.assurance} ({bench.runtime.kind})" if bench.runtime else "none"


def _warnings(before: Bench, after: Bench) -> Iterator[str]:
    """The differences that make the numbers of two benchmarks incomparable."""
    if [each.sha256 for each in before.inputs] != [each.sha256 for each in after.inputs]:
        yield f"the inputs differ: {_sent(before)} and {_sent(after)}"
    if before.load != after.load:
        yield f"the loads differ: {before.load} and {after.load}"
    if (before.machine.cpu_model, before.machine.gpu) != (after.machine.cpu_model, after.machine.gpu):
        yield "the machines differ"
    if _served(before) != _served(after):
        yield f"the runtimes differ: {_served(before)} and {_served(after)}"
    for bench, which in ((before, "first"), (after, "second")):
        unstable = [point.name for point in bench.points if point.outcome == "unstable"]
        if unstable:
            yield f"not stable in the {which}: {', '.join(unstable)}"
