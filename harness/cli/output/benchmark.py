"""A benchmark as text: points, prices, what bounds the recommended point, the recommendation, the next step."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.evidence.bench import BenchPoint
from harness.bench import pace, sweep
from harness.bench.results import columns, writing
from harness.bench.results.bounds import bounded_by
from harness.report import texts


def in_words(benched: sweep.Benched, written: writing.Written) -> str:
    bench, chosen = benched.bench, benched.bench.recommendation
    lines = [line for point in bench.points for line in _point(point)]
    lines += [
        f"{price.instance_type}: {writing.cost(price)} {writing.at_this(bench)} ({price.source})"
        for price in chosen.prices
    ]
    if bound := bounded_by(bench):
        lines.append(f"Bound by {bound}")
    lines += [f"{each.severity}: {each.where}: {each.message} ({each.advice})" for each in bench.findings]
    lines.append(f"Report: {written.report_html}")
    lines.append(f"Recommended: {chosen.point or 'nothing'}: {chosen.reason}")
    lines.append(f"Next: {_next(benched)}")
    return "\n".join(lines)


def _point(point: BenchPoint) -> Iterator[str]:
    yield f"{point.name}: {pace.in_words(point)}"
    named = {"p50": point.request_p50_seconds, "p90": point.request_p90_seconds, "p95": point.request_p95_seconds,
             "p99": point.request_p99_seconds}  # fmt: skip
    times = ", ".join(f"{name} {texts.seconds(value)}" for name, value in named.items() if value is not None)
    if times:
        answered = "" if point.answered_requests == point.requests else f"{point.answered_requests} answered of "
        first = texts.seconds(point.first_request_seconds)
        yield f"  {answered}{point.requests} requests: {times}; the first, cold, {first}"
    if point.errors:
        yield f"  failed: {columns.causes(point)}"


def _next(benched: sweep.Benched) -> str:
    chosen = benched.bench.recommendation
    if benched.was_interrupted or any(point.note == pace.NO_TIME for point in benched.bench.points):
        return "the same command goes on from here"
    point = benched.bench.point(chosen.point or "")
    at_once = f"; {point.concurrency} at once was the best of them" if point and point.concurrency > 1 else ""
    if chosen.settings:
        wanted = ", ".join(f"{name} = {value}" for name, value in chosen.settings.items())
        return f"set {wanted} below [handler.environment] in the project file, then `harness validate`{at_once}"
    if chosen.point:
        return "nothing to change; `harness validate` makes the rest of the evidence"
    if any(point.errors for point in benched.bench.points):
        return "`harness validate` sends every case by itself, and says more of what failed"
    return "look at why in the report, then allow more or measure other points"
