"""The seam to Docker where there is no engine, and the little that is read without one."""

from __future__ import annotations

import inspect
from datetime import UTC, datetime
from pathlib import Path
from types import FunctionType

import docker.errors
import pytest
import requests.exceptions
import urllib3.exceptions

from harness.core.errors import MachineCannot
from harness.docker.engine import Engine, EngineGone, engine_errors, engine_host
from harness.docker.facts import parse_docker_time


@pytest.mark.parametrize("where", ["unix:///nowhere/docker.sock", "tcp://127.0.0.1:1"])
def test_a_machine_without_an_engine_is_told_where_it_was_sought_and_what_to_do(where: str) -> None:
    with pytest.raises(EngineGone) as error:
        Engine.connect(where, timeout_seconds=2)
    assert where in str(error.value)
    assert "systemctl start docker" in str(error.value)
    assert "--runtime process" in str(error.value)


def test_docker_host_is_obeyed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    assert engine_host() == f"unix://{tmp_path}/none.sock"
    with pytest.raises(EngineGone, match=r"none\.sock"):
        Engine.connect()


def every_sdk_error() -> list[type[docker.errors.DockerException]]:
    found = [docker.errors.DockerException]
    for error in found:
        found.extend(error.__subclasses__())
    return found


def arguments(kind: type[docker.errors.DockerException]) -> list[str]:
    has_its_own = isinstance(kind.__init__, FunctionType)
    return ["x" for _ in inspect.signature(kind).parameters] if has_its_own else ["x"]


@pytest.mark.parametrize("kind", every_sdk_error(), ids=lambda kind: kind.__name__)
def test_every_error_of_the_sdk_becomes_one_of_ours(kind: type[docker.errors.DockerException]) -> None:
    with pytest.raises(MachineCannot), engine_errors("testing"):
        raise kind(*arguments(kind))


@pytest.mark.parametrize(
    "error",
    [
        requests.exceptions.ConnectionError("refused"),
        requests.exceptions.ReadTimeout("slow"),
        urllib3.exceptions.ProtocolError("cut"),
        ConnectionResetError("reset"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_every_error_of_the_way_there_means_the_engine_is_gone(error: Exception) -> None:
    with pytest.raises(EngineGone, match="while testing"), engine_errors("testing"):
        raise error


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("2026-11-20T06:02:00.123456789Z", datetime(2026, 11, 20, 6, 2, 0, 123456, UTC)),
        ("2026-11-20T06:02:00.5Z", datetime(2026, 11, 20, 6, 2, 0, 500000, UTC)),
        ("2026-11-20T06:02:00Z", datetime(2026, 11, 20, 6, 2, 0, 0, UTC)),
        ("0001-01-01T00:00:00Z", None),
        ("", None),
    ],
)
def test_docker_s_times_are_read(text: str, when: datetime | None) -> None:
    assert parse_docker_time(text) == when
