"""The parity check of a run: which handlers it compares."""

from __future__ import annotations

from pathlib import Path

from deploy.gates.family import ARCHITECTURES

HANDLER = Path(__file__).parents[3] / "handler"


def test_the_flagship_s_handler_is_compared_not_skipped() -> None:
    assert (HANDLER / ARCHITECTURES.removeprefix("code/")).is_file()
