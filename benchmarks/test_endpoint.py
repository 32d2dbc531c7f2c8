"""Measures the whole endpoint: one point of `harness bench` on the real serving stack, as users run it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks.contestants.worker import ROOT
from harness.bench import sweep
from harness.bench.measurement.points import AS_CONFIGURED, Axes
from harness.bench.measurement.stability import Rule
from harness.core.progress import stderr_progress

pytestmark = pytest.mark.timeout(3600)


def test_frames_per_second_through_the_endpoint(benchmark: Any, tmp_path: Path) -> None:
    options = sweep.Options(
        config_path=ROOT / "rehearsal.toml",
        axes=Axes(),
        rule=Rule(0.1, 6),
        state_dir=tmp_path / "state",
        runtime="process",
    )
    benched = benchmark.pedantic(sweep.bench, (options, stderr_progress(quiet=True)), rounds=1, iterations=1)
    point = benched.bench.point(AS_CONFIGURED)
    benchmark.extra_info.update(point.model_dump(mode="json"))
    assert point.outcome in ("stable", "unstable")
    assert point.failed_requests == 0
    assert {"download", "decode", "forward", "upload"} <= set(point.stage_seconds_per_frame)
