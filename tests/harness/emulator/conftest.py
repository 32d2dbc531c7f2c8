from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.emulator.running import RunningEmulator, running_emulator
from tests.harness.emulator.world import World, new_world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = new_world(tmp_path)
    yield made
    made.close()


@pytest.fixture
def running(tmp_path: Path) -> Iterator[RunningEmulator]:
    with running_emulator(tmp_path) as made:
        yield made
