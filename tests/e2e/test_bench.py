"""`harness bench` on the real stack: one point, its files, and a second run that measures nothing again."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.benching import sweep, writing
from harness.benching.points import AS_CONFIGURED, Axes
from harness.benching.stability import Rule
from harness.progress import stderr_progress

ROOT = Path(__file__).parents[2]


@pytest.mark.e2e
def test_a_sweep_measures_through_the_endpoint_and_is_taken_up_again(tmp_path: Path) -> None:
    options = sweep.Options(
        config_path=ROOT / "rehearsal.toml",
        axes=Axes((64,)),
        rule=Rule(tolerance=10.0, most=3),
        state_dir=tmp_path / "state",
        runtime="process",
    )
    progress = stderr_progress(quiet=True)
    benched = sweep.bench(options, progress)
    first, too_large = benched.bench.points
    assert (first.name, first.outcome, first.frames_per_request) == (AS_CONFIGURED, "stable", 13)
    assert first.frames_per_second is not None
    assert {"decode", "forward", "write", "transfer"} <= set(first.stage_seconds_per_frame)
    assert (too_large.outcome, "13 sampled frames" in too_large.note) == ("not_run", True)
    assert benched.bench.recommendation.point == AS_CONFIGURED
    assert writing.write_all(benched.bench, tmp_path / "out").report_json is not None
    again = sweep.bench(options, progress)
    assert again.bench.points[0] == first
    assert again.bench.runtime == benched.bench.runtime
