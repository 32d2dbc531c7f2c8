"""How a container's end is told in one line."""

from __future__ import annotations

import pytest

from harness.docker.facts import ContainerState
from harness.serving.runtimes.docker_container import exit_reason
from harness.serving.runtimes.docker_limits import UNLIMITED, MachineLimits


def state(code: int, *, oom: bool = False, error: str = "", status: str = "exited") -> ContainerState:
    return ContainerState("id", status, code, oom, error, None)


@pytest.mark.parametrize(
    ("ended", "limits", "reason"),
    [
        (state(1), UNLIMITED, "exited with code 1"),
        (state(137), UNLIMITED, "killed with SIGKILL (code 137), not for want of memory"),
        (state(137, oom=True), UNLIMITED, "killed: out of memory"),
        (state(0, oom=True), MachineLimits(memory_bytes=2**30), "killed: out of memory (its limit was 1024 MiB)"),
        (state(127, error="no such file", status="created"), UNLIMITED, "could not be started: no such file"),
    ],
)
def test_a_container_s_end_is_one_line(ended: ContainerState, limits: MachineLimits, reason: str) -> None:
    assert exit_reason(ended, limits) == reason


@pytest.mark.parametrize(("status", "runs"), [("running", True), ("paused", True), ("exited", False), ("dead", False)])
def test_what_docker_calls_running(status: str, runs: bool) -> None:
    assert state(0, status=status).is_running is runs
