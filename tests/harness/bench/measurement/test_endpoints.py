"""A point has the machine to itself: the endpoint before it is gone, with its instances."""

from __future__ import annotations

from pathlib import Path

from harness.bench.measurement.endpoints import delete_and_wait
from tests.harness.emulator.running import running_emulator


def test_the_next_point_begins_when_the_endpoint_and_its_instances_are_gone(tmp_path: Path) -> None:
    with running_emulator(tmp_path) as running:
        running.serve("bench-0")
        running.serve("bench-01")
        delete_and_wait(running.sagemaker, "bench-0")
        assert [each["EndpointName"] for each in running.sagemaker.list_endpoints()["Endpoints"]] == ["bench-01"]
        assert len(running.runtime.running()) == 1
        delete_and_wait(running.sagemaker, "bench-0")
        assert len(running.runtime.running()) == 1
