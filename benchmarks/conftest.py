"""Makes weights and clips once below `.benchmarks/`, sets how much is measured, and describes every record.

REHEARSAL_BENCH_PAIRS   number of alternated pairs; a ratio is their median (default 3; 7 for published numbers)
REHEARSAL_BENCH_FRAMES  sampled frames of an end-to-end run (default 6)
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import pytest
import torch
import torchvision
from torchvision.transforms.functional import to_tensor

from benchmarks import clips, context
from benchmarks.clips import ClipRecipe
from benchmarks.container.suites import DEFAULT_FRAMES
from benchmarks.contestants import reference, weights
from benchmarks.contestants.contestants import Job
from benchmarks.contestants.weights import Recipe
from benchmarks.contestants.worker import ROOT
from benchmarks.decoding import Row, table

CACHE = ROOT / ".benchmarks" / "inputs"
FRAME_SIZE = (1024, 1024)
SAMPLED_EVERY = 30
_DECODED_ROWS: pytest.StashKey[list[Row]] = pytest.StashKey()


@dataclass(frozen=True)
class Extent:
    pair_count: int
    frame_count: int


@pytest.fixture(scope="session")
def extent() -> Extent:
    return Extent(
        int(os.environ.get("REHEARSAL_BENCH_PAIRS", "3")),
        int(os.environ.get("REHEARSAL_BENCH_FRAMES", str(DEFAULT_FRAMES))),
    )


@pytest.fixture(scope="session")
def model_dir() -> Path:
    """The full-size network, calibrated on the measured clip."""
    clip = clips.made(ClipRecipe(), CACHE).read_bytes()
    pictures = [
        to_tensor(cv2.cvtColor(cv2.resize(picture, FRAME_SIZE, interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2RGB))
        for picture in reference.sampled_frames(clip, 100)
    ]
    return weights.model_dir(Recipe(), pictures, CACHE)


@pytest.fixture(scope="session")
def end_to_end(model_dir: Path, extent: Extent) -> Job:
    """A job that samples one frame a second, of a clip with as many seconds as frames are wanted."""
    recipe = ClipRecipe(frame_count=SAMPLED_EVERY * extent.frame_count)
    return Job(model_dir, clips.made(recipe, CACHE), SAMPLED_EVERY, FRAME_SIZE)


@pytest.fixture(scope="session")
def circumstances() -> Mapping[str, Any]:
    return {
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu",
        "threads": torch.get_num_threads(),
        **software(),
        **context.image(),
        "allocator": "reference: libc as it is; handler: what it sets itself",
        "precision": "reference: fp32; handler: its default for the device",
        "load_average": os.getloadavg()[0],
    }


@pytest.fixture(scope="session")
def decoded_rows(pytestconfig: pytest.Config) -> list[Row]:
    """The rows that are printed as a table when the run ends."""
    return pytestconfig.stash.setdefault(_DECODED_ROWS, [])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    rows = config.stash.get(_DECODED_ROWS, [])
    if rows:
        terminalreporter.section("decoding: frames a second, reference and handler in alternated pairs")
        terminalreporter.write_line("\n".join(table(rows)))


@pytest.hookimpl(optionalhook=True)
def pytest_benchmark_update_machine_info(machine_info: dict[str, Any]) -> None:
    machine_info["rehearsal"] = {**software(), **context.container()}


@pytest.hookimpl(optionalhook=True)
def pytest_benchmark_update_commit_info(commit_info: dict[str, Any]) -> None:
    """Take the commit from the host, since a container has neither git nor the repository's history."""
    if known := context.container().get("commit"):
        commit_info.clear()
        commit_info.update(known)


def software() -> dict[str, str]:
    """The versions, with the build of torch, such as `+cpu` or `+cu124`."""
    return {**context.versions(), "torch": torch.__version__, "torchvision": torchvision.__version__}
