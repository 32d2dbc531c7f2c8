"""`harness bench` on the real stack: its stages, a resumed sweep, and what Ctrl-C keeps."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from deploy.core.waiting import wait_until
from deploy.evidence.bench import read_bench
from harness.bench import sweep
from harness.bench.measurement.points import AS_CONFIGURED, Axes, batch_sizes
from harness.bench.measurement.stability import Rule
from harness.bench.measurement.stages import in_line
from harness.bench.results import writing
from harness.core.progress import stderr_progress
from tests.e2e.runs import HARNESS, ROOT, processes_below

FIRST_POINT_SECONDS = 240.0
INTERRUPTED = 130


@pytest.fixture
def config_path(tmp_path: Path) -> Path:
    """A project of its own, which does not change between two sweeps."""
    shutil.copytree(ROOT / "handler", tmp_path / "handler", ignore=shutil.ignore_patterns("__pycache__"))
    text = (ROOT / "rehearsal.toml").read_text(encoding="utf-8")
    path = tmp_path / "rehearsal.toml"
    path.write_text(re.sub(r'"(harness/samples/[^"]*)"', rf'"{ROOT}/\1"', text), encoding="utf-8")
    return path


@pytest.mark.e2e
def test_a_sweep_measures_through_the_endpoint_and_is_taken_up_again(tmp_path: Path, config_path: Path) -> None:
    options = sweep.Options(
        config_path=config_path,
        axes=Axes(batches=batch_sizes((64,))),
        rule=Rule(tolerance=10.0, most=3),
        state_dir=tmp_path / "state",
        runtime="process",
    )
    progress = stderr_progress(quiet=True)
    benched = sweep.bench(options, progress)
    first, too_large = benched.bench.points
    assert (first.name, first.outcome, first.frames_per_request) == (AS_CONFIGURED, "stable", 13)
    assert first.frames_per_second is not None
    stages = dict(first.stage_seconds_per_frame)
    assert {"queue", "download", "http", "decode", "resize", "forward", "write", "upload", "rest"} <= set(stages)
    assert all(stages[name] > 0 for name in ("download", "http", "decode", "forward", "write", "upload"))
    assert first.request_p95_seconds is not None
    assert sum(in_line(stages).values()) * 13 <= first.request_p95_seconds * 1.01, (
        "the stages are the request, not more"
    )
    assert (too_large.outcome, "13 sampled frames" in too_large.note) == ("not_run", True)
    assert benched.bench.recommendation.point == AS_CONFIGURED
    assert writing.write_all(benched.bench, tmp_path / "out").report_json is not None
    again = sweep.bench(options, progress)
    assert again.bench.points[0] == first
    assert again.bench.runtime == benched.bench.runtime


@pytest.mark.e2e
@pytest.mark.timeout(600)
def test_ctrl_c_keeps_what_was_measured_and_the_next_sweep_goes_on_from_there(
    tmp_path: Path, config_path: Path
) -> None:
    command = [HARNESS, "bench", "--quick", "--runtime", "process", "--config", config_path, "--state-dir",
               tmp_path / "state", "--out", tmp_path / "out", "--batch-size", "2"]  # fmt: skip
    said, printed = tmp_path / "said", tmp_path / "printed"
    with said.open("w") as stderr, printed.open("w") as stdout:
        running = subprocess.Popen([str(word) for word in command], stdout=stdout, stderr=stderr)
    wait_until(
        lambda: "[1/2] as configured" in said.read_text() or None,
        what="the first point to be measured",
        timeout_seconds=FIRST_POINT_SECONDS,
    )
    os.kill(running.pid, signal.SIGINT)
    assert running.wait(90) == INTERRUPTED
    assert processes_below(tmp_path / "state") == []
    assert printed.read_text().splitlines()[-1] == "Next: the same command goes on from here"
    first, second = read_bench(tmp_path / "out" / "bench.json").points
    assert first.frames_per_second is not None
    assert (second.outcome, second.note) == ("not_run", "interrupted before it was measured")
    ran = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=300, check=False)
    assert ran.returncode == 0, ran.stderr
    assert "1 of 2 points are known from before" in ran.stderr
    assert "[1/1] batch 2" in ran.stderr
    assert "Recommended: " in ran.stdout
    resumed = read_bench(tmp_path / "out" / "bench.json")
    assert resumed.points[0] == first
    assert resumed.points[1].frames_per_second is not None
    assert resumed.recommendation.point is not None
    assert (tmp_path / "out" / "report.html").stat().st_size > 0
