"""Measures the cost of a frame in the handler's network by batch size and precision, each in a process of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
import torch

from benchmarks import pairs
from benchmarks.contestants.contestants import Job

pytestmark = pytest.mark.timeout(3600)

ON_GPU = torch.cuda.is_available()
SIZES = (1, 2, 4, 8, 16, 24) if ON_GPU else (1, 2, 4)
PRECISIONS = ("fp32", "fp16") if ON_GPU else ("fp32", "bf16")


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("batch_size", SIZES)
def test_network_by_batch_size(
    benchmark: Any, end_to_end: Job, circumstances: Mapping[str, Any], batch_size: int, precision: str
) -> None:
    environment = {"BATCH_SIZE": str(batch_size), "PRECISION": precision}
    job = replace(end_to_end, frame_interval=3, environment=environment)
    with pairs.working("handler-forward", job) as network:
        network.run()
        found = benchmark.pedantic(network.run, rounds=3, iterations=1)
    facts = {"batch_size": batch_size, "frames_per_run": found.frame_count, "peak_bytes": found.peak_bytes}
    benchmark.extra_info.update({**circumstances, **facts, "precision": precision})
    assert found.frame_count == batch_size


def test_network_with_a_compiled_backbone(benchmark: Any, end_to_end: Job, circumstances: Mapping[str, Any]) -> None:
    """Measures it against the uncompiled network, in alternated pairs; the first runs, which compile, do not count."""
    compiled = replace(end_to_end, environment={"COMPILED": "backbone"})
    with pairs.working("handler-forward", end_to_end) as plain, pairs.working("handler-forward", compiled) as faster:
        found = pairs.alternated(plain, faster, 5)
        benchmark.pedantic(faster.run, rounds=1, iterations=1)
    benchmark.extra_info.update({**found.summary(), **circumstances})
    print(f"\n{benchmark.name}: ratio {found.ratio:.3f}, to a ready network {faster.ready_seconds:.1f} s")
    assert found.holds(0.8)
