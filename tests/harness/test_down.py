"""Taking down what stands."""

from __future__ import annotations

from pathlib import Path

from harness.down import down
from harness.errors import MachineCannot
from harness.serving.docker_engine import Engine


def no_engine() -> Engine:
    raise MachineCannot("no Docker here")


def test_where_nothing_stands_nothing_is_ended(tmp_path: Path) -> None:
    assert down(tmp_path).things == ()


def test_all_needs_no_docker_engine(tmp_path: Path) -> None:
    ended = down(tmp_path, everything=True, connect=no_engine)
    assert (ended.things, ended.failed) == ((), ())
