"""A benchmark as text: points, prices, what bounds the recommended point, the recommendation, the next step."""

from __future__ import annotations

from harness.bench import pace, sweep
from harness.bench.results import writing
from harness.bench.results.bounds import bounded_by


def in_words(benched: sweep.Benched, written: writing.Written) -> str:
    bench, chosen = benched.bench, benched.bench.recommendation
    lines = [f"{point.name}: {pace.in_words(point)}" for point in bench.points]
    lines += [
        f"{price.instance_type}: {writing.cost(price)} at this machine's speed ({price.source})"
        for price in chosen.prices
    ]
    if bound := bounded_by(bench):
        lines.append(f"Bound by {bound}")
    lines.append(f"Report: {written.report_html}")
    lines.append(f"Recommended: {chosen.point or 'nothing'}: {chosen.reason}")
    lines.append(f"Next: {_next(benched)}")
    return "\n".join(lines)


def _next(benched: sweep.Benched) -> str:
    chosen = benched.bench.recommendation
    if benched.was_interrupted or any(point.note == pace.NO_TIME for point in benched.bench.points):
        return "the same command goes on from here"
    if chosen.settings:
        wanted = ", ".join(f"{name} = {value}" for name, value in chosen.settings.items())
        return f"set {wanted} below [handler.environment] in the project file, then `harness validate`"
    if chosen.point:
        return "nothing to change; `harness validate` makes the rest of the evidence"
    return "look at why in the report, then allow more or measure other points"
