"""An endpoint that `deploy --promote` made goes to zero by its own policies and alarms, and a request wakes it."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.aws import Clients, Target
from deploy.core.waiting import wait_until
from harness.local_environment import exports, record
from tests.e2e.runs import HARNESS, processes_below

pytestmark = pytest.mark.e2e

NAME = "sleeper"
# `idle_minutes` are 15, so zero is reached after as many seconds.
TIME_SCALE = "60"
PATIENCE_SECONDS = 90.0


def run(folder: Path, line: str, environment: dict[str, str] | None = None) -> str:
    """Run a command line of `harness` or `deploy`; returns its stdout."""
    program, *words = shlex.split(line)
    command = [str(HARNESS.with_name(program)), *words]
    variables = {**os.environ, **(environment or {})}
    ran = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, timeout=200, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


@pytest.fixture
def promoted(tmp_path: Path) -> Iterator[Path]:
    """A folder with a promoted project, whose local AWS runs."""
    run(tmp_path, f"harness init --example minimal --name {NAME}")
    run(tmp_path, "deploy bundle --out dist")
    waiver = "--override evidence --because 'a test of scaling'"
    try:
        run(tmp_path, f"harness up --detach --runtime process --time-scale {TIME_SCALE}")
        running = record.require(tmp_path / ".rehearsal")
        run(tmp_path, f"deploy --promote --target local --yes {waiver}", dict(exports.environment(running)))
        yield tmp_path
    finally:
        run(tmp_path, "harness down")
    assert processes_below(tmp_path / ".rehearsal") == []


def test_the_deployed_policies_reach_zero_and_wake(promoted: Path) -> None:
    running = record.require(promoted / ".rehearsal")
    aws = Clients(Target.local(running.region, cloud_url=running.cloud_url, sagemaker_url=running.sagemaker_url))

    def has(instances: int) -> bool | None:
        (variant,) = aws.sagemaker.describe_endpoint(EndpointName=NAME)["ProductionVariants"]
        return True if variant["CurrentInstanceCount"] == instances else None

    wait_until(lambda: has(0), what="zero instances", timeout_seconds=PATIENCE_SECONDS, every_seconds=0.5)
    answer = run(promoted, "deploy invoke cases/two-rows.json --target local", dict(exports.environment(running)))
    assert "predictions" in answer
    wait_until(lambda: has(0), what="zero instances again", timeout_seconds=PATIENCE_SECONDS, every_seconds=0.5)
    found = aws.autoscaling.describe_scaling_activities(ServiceNamespace="sagemaker")["ScalingActivities"]
    causes = [activity["Cause"].rpartition(" ")[2] for activity in reversed(found)]
    assert causes == [f"{NAME}-idle", f"{NAME}-from-zero", f"{NAME}-idle"]
