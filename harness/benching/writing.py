"""A benchmark as a folder of files. `bench.json` is the truth and is written first; the rest is rendered from it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from deploy import evidence
from deploy.evidence import Report, write_atomically
from deploy.evidence.bench import Bench, BenchPoint, throughput
from harness.benching import charts
from harness.benching.choosing import memory_bytes
from harness.benching.points import AS_CONFIGURED
from harness.report import texts
from harness.report.markdown import escaped


@dataclass(frozen=True)
class Written:
    bench_json: Path
    report_html: Path
    summary_md: Path
    pytest_benchmark_json: Path
    report_json: Path | None
    """Evidence for the gates; None when the settings of the project were not among the measured points."""


def write_all(bench: Bench, out_dir: Path) -> Written:
    """Raises deploy.errors.DeployError when the disk refuses."""
    write_atomically(out_dir / "bench.json", bench.model_dump_json(indent=1, by_alias=True).encode() + b"\n")
    write_atomically(out_dir / "report.html", page(bench).encode())
    write_atomically(out_dir / "summary.md", markdown(bench).encode())
    document = json.dumps(pytest_benchmark(bench), indent=1)
    write_atomically(out_dir / "pytest-benchmark.json", document.encode())
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
    waterfalls = charts.waterfalls(bench)
    return (
        _environment()
        .get_template("bench.html")
        .render(
            bench=bench,
            speeds=charts.speeds(bench),
            waterfalls=waterfalls,
            stages=charts.shown_stages(waterfalls),
            memories=charts.memories(bench),
        )
    )


def markdown(bench: Bench) -> str:
    chosen = bench.recommendation
    head = f"## Benchmark: {escaped(chosen.point or 'no recommendation')}\n\n{escaped(chosen.reason)}\n"
    lines = ["| point | outcome | frames/s | p50 | p95 | memory |", "| --- | --- | --- | --- | --- | --- |"]
    lines += [_line(point) for point in bench.points]
    notes = [f"- {escaped(point.name)}: {escaped(point.note)}" for point in bench.points if point.note]
    prices = [
        f"- {price.instance_type}: ${price.usd_per_1000_frames:.4f} per 1,000 frames at this machine's speed "
        f"(${price.usd_per_hour:.4f} an hour, {escaped(price.source)})"
        for price in chosen.prices
    ]
    return "\n".join([head, *lines, "", *notes, *prices]) + "\n"


def _line(point: BenchPoint) -> str:
    rate, memory = point.frames_per_second, memory_bytes(point)
    cells = (
        escaped(point.name),
        point.outcome.replace("_", " "),
        f"{rate.median:.2f} ({rate.low:.2f} to {rate.high:.2f})" if rate else texts.ABSENT,
        texts.seconds(point.request_p50_seconds),
        texts.seconds(point.request_p95_seconds),
        texts.ABSENT if memory is None else f"{memory / 1e9:.2f} GB",
    )
    return f"| {' | '.join(cells)} |"


def pytest_benchmark(bench: Bench) -> dict[str, Any]:
    """The shape that pytest-benchmark writes and its `compare` reads: seconds a frame, one benchmark a point."""
    return {
        "machine_info": {"node": "", "cpu": {"brand_raw": bench.machine.cpu_model, "count": bench.machine.cpu_count}},
        "commit_info": {"id": bench.bundle.git.commit if bench.bundle.git else None},
        "datetime": bench.created.isoformat(),
        "version": "5.1.0",
        "benchmarks": [_as_benchmark(point) for point in bench.points if point.frames_per_second],
    }


def _as_benchmark(point: BenchPoint) -> dict[str, Any]:
    values = point.frames_per_second.values if point.frames_per_second else ()
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
        "extra_info": {"outcome": point.outcome, "concurrency": point.concurrency},
        "options": {"rounds": count, "iterations": 1},
        "stats": {
            "min": seconds[0], "max": seconds[-1], "mean": mean, "stddev": deviation, "rounds": count,
            "median": middle, "iqr": high - low, "q1": low, "q3": high, "iqr_outliers": 0, "stddev_outliers": 0,
            "outliers": "0;0", "ld15iqr": seconds[0], "hd15iqr": seconds[-1], "ops": 1 / mean,
            "total": sum(seconds), "iterations": 1, "data": seconds,
        },
    }  # fmt: skip


def report(bench: Bench) -> Report | None:
    """The point with the project's own settings, as evidence: only that one is what a promotion would deploy."""
    point = bench.point(AS_CONFIGURED)
    if point is None or point.frames_per_second is None or bench.runtime is None:
        return None
    case = evidence.Case(name=f"benchmark: {bench.clip.file}", kind="benchmark", outcome="completed", input=bench.clip)
    check = throughput(point)
    peak = evidence.PeakMemory(
        host_bytes=point.peak_host_bytes, gpu_bytes=point.peak_gpu_bytes, method="worker process; tensors on the GPU"
    )
    return Report(
        tool_version=bench.tool_version,
        run_id=bench.run_id,
        created=bench.created,
        arguments=bench.arguments,
        bundle=bench.bundle,
        configuration=bench.configuration,
        runtime=bench.runtime,
        machine=bench.machine,
        versions=bench.versions,
        cases=(case,),
        checks=(check,),
        peak_memory=peak,
        verdict=evidence.judge((case,), (check,)),
    )


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=ChoiceLoader([PackageLoader("harness.benching"), PackageLoader("harness.report")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        seconds=texts.seconds,
        size=texts.size,
        moment=texts.moment,
        words=lambda slug: str(slug).replace("_", " "),
    )
    return environment
