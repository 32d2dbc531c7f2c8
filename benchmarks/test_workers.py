"""Measures two workers on the cores of this machine: each with its share, against each with all cores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from benchmarks import pairs
from benchmarks.conftest import Extent
from benchmarks.contestants import sameness
from benchmarks.contestants.contestants import Job
from detector.speed.threads import usable_cores

pytestmark = [
    pytest.mark.timeout(3600),
    pytest.mark.skipif(usable_cores() < 2, reason="one core has nothing to share"),
]

TOGETHER = 1.0
SLACK = 0.8


def test_two_workers_together_with_their_shares(
    benchmark: Any, end_to_end: Job, extent: Extent, circumstances: Mapping[str, Any]
) -> None:
    alone, shared = (
        replace(end_to_end, environment={"SAGEMAKER_MODEL_SERVER_WORKERS": workers}) for workers in ("1", "2")
    )
    with pairs.crew("handler", alone, 2) as all_cores, pairs.crew("handler", shared, 2) as shares:
        found = pairs.alternated(all_cores, shares, extent.pair_count)
        answer, expected = (crew.workers[0].run(answer=True).answer or [] for crew in (shares, all_cores))
        same = sameness.compared(answer, expected)
        facts = {
            **found.summary(),
            "borderline_boxes": same.borderline,
            "cores": usable_cores(),
            "target": TOGETHER,
            **circumstances,
        }
        benchmark.extra_info.update(facts)
        benchmark.pedantic(shares.run, rounds=1, iterations=1)
        print(f"\n{benchmark.name}: " + ", ".join(f"{name} {value}" for name, value in facts.items()))
    assert answer
    assert not same.faults
    assert found.holds(SLACK * TOGETHER), found.summary()
