"""A benchmark as a folder of files. `bench.json` is written first; all other files are rendered from it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from deploy import evidence
from deploy.core.files import write_bytes
from deploy.evidence import Report
from deploy.evidence.bench import Bench, BenchPoint, Price
from harness.bench.results import charts, columns, junit
from harness.bench.results.bounds import bounded_by
from harness.report import texts
from harness.report.markdown import escaped

_EXTRA = {
    "outcome", "note", "concurrency", "requests", "request_p50_seconds", "request_p90_seconds", "request_p95_seconds",
    "request_p99_seconds", "stage_seconds_per_frame", "stage_seconds_per_request", "detections_per_frame",
    "peak_host_bytes", "peak_gpu_bytes", "failed_requests", "errors", "out_of_memory",
}  # fmt: skip


@dataclass(frozen=True)
class Written:
    bench_json: Path
    report_html: Path
    summary_md: Path
    pytest_benchmark_json: Path
    report_json: Path | None
    """Evidence for the gates; None when the settings of the project were not among the measured points."""

    @property
    def evidence(self) -> tuple[Path, ...]:
        """The files that gates read."""
        return (self.bench_json, *((self.report_json,) if self.report_json else ()))


def write_all(bench: Bench, out_dir: Path) -> Written:
    """Write every file. Raises deploy.core.errors.DeployError when a file cannot be written."""
    write_bytes(out_dir / "bench.json", bench.model_dump_json(indent=1, by_alias=True).encode() + b"\n")
    write_bytes(out_dir / "report.html", page(bench).encode())
    write_bytes(out_dir / "summary.md", markdown(bench).encode())
    write_bytes(out_dir / "junit.xml", junit.render(bench))
    document = json.dumps(pytest_benchmark(bench), indent=1)
    write_bytes(out_dir / "pytest-benchmark.json", document.encode())
    found = report(bench)
    path = out_dir / "report.json" if found else None
    if found and path:
        evidence.write(path, found)
    return Written(
        bench_json=out_dir / "bench.json",
        report_html=out_dir / "report.html",
        summary_md=out_dir / "summary.md",
        pytest_benchmark_json=out_dir / "pytest-benchmark.json",
        report_json=path,
    )


def page(bench: Bench) -> str:
    chosen = bench.point(bench.recommendation.point or "")
    headline = "failed" if chosen is None else "passed" if chosen.outcome == "stable" else "inconclusive"
    return (
        _environment()
        .get_template("bench.html")
        .render(
            bench=bench,
            bound=bounded_by(bench),
            headline=headline,
            charts=charts.all_charts(bench),
            stages=charts.shown_stages(bench),
            timed_part=charts.timed_part(bench),
            columns=columns.shown(bench),
            failures=columns.failures(bench),
            prices=columns.price_columns(bench),
        )
    )


def markdown(bench: Bench) -> str:
    chosen = bench.recommendation
    head = f"## Benchmark: {escaped(chosen.point or 'no recommendation')}\n\n{escaped(chosen.reason)}\n"
    if bound := bounded_by(bench):
        head += f"\nBound by {bound}.\n"
    shown = columns.shown(bench, with_spans=True)
    lines = [_row(["point", "outcome", *(each.title for each in shown)]), _row(["---"] * (2 + len(shown)))]
    lines += [
        _row([escaped(point.name), point.outcome.replace("_", " "), *(each.words(point) for each in shown)])
        for point in bench.points
    ]
    notes = [f"- {escaped(point.name)}: {escaped(point.note)}" for point in bench.points if point.note]
    notes += [f"- {escaped(line)}" for line in columns.failures(bench)]
    notes += [f"- {escaped(f'{finding.where}: {finding.message}')}" for finding in bench.findings]
    prices = [
        f"- {price.instance_type}: {cost(price)} {at_this(bench)} "
        f"(${price.usd_per_hour:.4f} an hour, {escaped(price.source)})"
        for price in chosen.prices
    ]
    return "\n".join([head, *lines, "", *notes, *prices, "", _circumstances(bench)]) + "\n"


def cost(price: Price) -> str:
    minute = price.usd_per_video_minute
    shown = [
        f"${usd:.4f} per 1,000 {what}"
        for what, usd in (
            ("frames", price.usd_per_1000_frames),
            ("items", price.usd_per_1000_items),
            ("requests", price.usd_per_1000_requests),
        )
        if usd is not None
    ]
    return ", ".join(shown) + (f", ${minute:.5f} per video minute" if minute is not None else "")


def at_this(bench: Bench) -> str:
    """What a price holds for."""
    return "at this load" if bench.is_open else "at this machine's speed"


def _circumstances(bench: Bench) -> str:
    machine = bench.machine
    cores = f"{escaped(machine.cpu_model)} ({machine.cpu_count} cores)"
    gpu = f", {machine.gpu}" if machine.gpu else ""
    runtime = f", {bench.runtime.kind} runtime" if bench.runtime else ""
    files = ", ".join(escaped(name) for name in dict.fromkeys(each.file for each in bench.inputs))
    return f"Measured on {files} with {cores}{gpu}{runtime}, {bench.load} load. Stable: {escaped(bench.rule)}."


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def pytest_benchmark(bench: Bench) -> dict[str, Any]:
    """The document that pytest-benchmark writes and its `compare` reads: one benchmark a point, in seconds a frame,
    an item or a request."""
    return {
        "machine_info": {"node": "", "cpu": {"brand_raw": bench.machine.cpu_model, "count": bench.machine.cpu_count}},
        "commit_info": {"id": bench.bundle.git.commit if bench.bundle.git else None},
        "datetime": bench.created.isoformat(),
        "version": "5.1.0",
        "benchmarks": [_as_benchmark(point) for point in bench.points if point.speed],
    }


def _as_benchmark(point: BenchPoint) -> dict[str, Any]:
    values = point.speed.values if point.speed else ()
    seconds = sorted(1 / value for value in values)
    count = len(seconds)
    mean = sum(seconds) / count
    low, middle, high = (seconds[min(count - 1, int(count * share))] for share in (0.25, 0.5, 0.75))
    deviation = (sum((value - mean) ** 2 for value in seconds) / max(count - 1, 1)) ** 0.5
    return {
        "group": None,
        "name": point.name,
        "fullname": f"harness bench::{point.name}",
        "params": dict(point.settings) or None,
        "param": None,
        "extra_info": point.model_dump(mode="json", include=_EXTRA),
        "options": {"rounds": count, "iterations": 1},
        "stats": {
            "min": seconds[0], "max": seconds[-1], "mean": mean, "stddev": deviation, "rounds": count,
            "median": middle, "iqr": high - low, "q1": low, "q3": high, "iqr_outliers": 0, "stddev_outliers": 0,
            "outliers": "0;0", "ld15iqr": seconds[0], "hd15iqr": seconds[-1], "ops": 1 / mean,
            "total": sum(seconds), "iterations": 1, "data": seconds,
        },
    }  # fmt: skip


def report(bench: Bench) -> Report | None:
    """The benchmark as evidence, which `deploy gate` reads as well as `bench.json`."""
    return evidence.as_report(bench)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=ChoiceLoader([PackageLoader("harness.bench.results"), PackageLoader("harness.report")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        seconds=texts.seconds,
        size=texts.size,
        timestamp=texts.timestamp,
        words=lambda slug: str(slug).replace("_", " "),
    )
    return environment
