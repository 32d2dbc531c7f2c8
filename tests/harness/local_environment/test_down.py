"""Ending the local environment."""

from __future__ import annotations

from pathlib import Path

from harness.core.errors import MachineCannot
from harness.docker.engine import Engine
from harness.local_environment.down import down


def no_engine() -> Engine:
    raise MachineCannot("no Docker here")


def test_where_nothing_runs_nothing_is_ended(tmp_path: Path) -> None:
    assert down(tmp_path).things == ()


def test_all_needs_no_docker_engine(tmp_path: Path) -> None:
    ended = down(tmp_path, everything=True, connect=no_engine)
    assert (ended.things, ended.failed) == ((), ())
