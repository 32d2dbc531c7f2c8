"""`harness bench` of handlers that are not ours, on the real stack: asynchronous and real-time, good and dying."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from deploy.evidence.bench import Bench, read_bench
from tests.e2e.runs import HARNESS, ROOT, Finished, processes_below

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

DYING = """
import json, os

def model_fn(model_dir):
    return {"seen": 0}

def transform_fn(model, data, content_type, accept):
    model["seen"] += 1
    if model["seen"] > 6:
        os._exit(3)
    return json.dumps({"rows": [1, 2]}), "application/json"
"""
PROJECT = """
[project]
name = "stranger"
[handler]
source = "src"
[model]
[endpoint]
mode = "realtime"
[[case]]
name = "two"
file = "two.json"
items = "/rows"
[[case]]
name = "wrong"
file = "two.json"
expect.json = { "/rows/0" = 7 }
"""


def bench(folder: Path, *words: str) -> tuple[Finished, Bench]:
    """Run in `folder`, which holds the project."""
    command = [str(HARNESS), "bench", "--quick", "--runtime", "process", *words]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    assert (folder / "rehearsal-bench" / "bench.json").exists(), run.stderr
    assert processes_below(folder) == []
    finished = Finished(run.returncode, run.stdout, run.stderr, folder / "rehearsal-bench", folder / ".rehearsal")
    return finished, read_bench(folder / "rehearsal-bench" / "bench.json")


def minimal(folder: Path, mode: str) -> Path:
    shutil.copytree(ROOT / "examples" / "minimal", folder / "project", ignore=shutil.ignore_patterns("__pycache__"))
    path = folder / "project" / "rehearsal.toml"
    path.write_text(path.read_text().replace("[endpoint]\n", f'[endpoint]\nmode = "{mode}"\n'))
    return path.parent


def stranger(folder: Path) -> Path:
    (folder / "src").mkdir()
    (folder / "src" / "inference.py").write_text(DYING)
    (folder / "two.json").write_text("{}")
    (folder / "rehearsal.toml").write_text(PROJECT)
    return folder


@pytest.mark.parametrize("mode", ["async", "realtime"])
def test_an_example_is_swept_over_a_variable_and_counts_its_rows(mode: str, tmp_path: Path) -> None:
    finished, found = bench(minimal(tmp_path, mode), "--sweep", "OMP_NUM_THREADS=1")
    assert finished.exit_code == 0, finished.stderr
    assert [point.name for point in found.points] == ["as configured", "OMP_NUM_THREADS=1"]
    for point in found.points:
        assert point.items_per_second is not None, point.note
        assert point.requests_per_second is not None
        assert point.items_per_second.median == pytest.approx(2 * point.requests_per_second.median, rel=0.01)
        assert (point.items_per_request, point.failed_requests, point.errors) == (2.0, 0, {})
        assert point.requests >= 10
        times = [
            point.request_p50_seconds,
            point.request_p90_seconds,
            point.request_p95_seconds,
            point.request_p99_seconds,
        ]
        assert times == sorted(times, key=lambda seconds: seconds or 0.0)
        assert (point.first_request_seconds or 0.0) > (point.request_p50_seconds or 0.0), "the first found it cold"
    assert [each.name for each in found.cases] == ["two rows"], "no case that must fail is sent"
    assert found.recommendation.prices[0].usd_per_1000_items is not None
    stages = set(found.points[0].stage_seconds_per_request)
    assert stages == ({"queue", "download", "container", "upload", "rest"} if mode == "async" else set())
    assert "items/s" in finished.stdout
    judged = {"stable": "passed", "unstable": "inconclusive"}[found.points[0].outcome]  # a busy machine is not stable
    assert json.loads((finished.out_dir / "report.json").read_text())["verdict"]["outcome"] == judged


def test_an_open_load_tells_what_it_offered(tmp_path: Path) -> None:
    finished, found = bench(minimal(tmp_path, "realtime"), "--load", "poisson:20")
    assert finished.exit_code == 0, finished.stderr
    (point,) = found.points
    assert found.load == "poisson:20"
    assert point.offered_per_second == pytest.approx(20, rel=0.3)
    assert point.requests_per_second is not None
    assert point.requests_per_second.median <= 1.01 * (point.offered_per_second or 0.0)


def test_a_case_that_is_not_answered_as_expected_is_named_with_exit_code_1(tmp_path: Path) -> None:
    finished, found = bench(stranger(tmp_path), "--case", "wrong")
    (point,) = found.points
    assert (finished.exit_code, point.outcome) == (1, "failed")
    assert "case 'wrong': /rows/0: " in point.note
    assert "case 'wrong': /rows/0: " in finished.stdout
    assert "Recommended: nothing" in finished.stdout


def test_a_handler_that_dies_under_load_is_a_result_with_its_causes(tmp_path: Path) -> None:
    finished, found = bench(stranger(tmp_path), "--case", "two")
    (point,) = found.points
    assert (finished.exit_code, point.outcome) == (1, "failed")
    assert point.failed_requests == sum(point.errors.values()) > 0
    assert "case 'two'" in point.note
