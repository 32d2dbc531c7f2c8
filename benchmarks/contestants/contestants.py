"""Names what can be measured. Each contestant is set up once, in a process of its own, and then run many times.

    reference, handler                the whole handler: a clip's bytes in, an answer's bytes out
    reference-decode, handler-decode  only from bytes to sampled frames
    handler-forward                   the handler's network alone, on a batch that is already made: the floor

The two sides are imported only where they are set up, so that neither starts with what the other has loaded.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Job:
    """The input of a run. `environment` has settings of the handler; `frame_size` is the network's (width, height)."""

    model_dir: Path
    clip: Path
    frame_interval: int
    frame_size: tuple[int, int] | None = None
    threads: int | None = None
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Frame:
    boxes: npt.NDArray[np.float32]
    labels: npt.NDArray[np.int64]
    scores: npt.NDArray[np.float32]


@dataclass(frozen=True)
class Ran:
    """The result of one run; `answer` is empty where nothing is detected."""

    frame_count: int
    answer: tuple[Frame, ...] = ()
    skipped_to_count: int = 0
    """The number of frames for which not all frames before were decoded; only `handler-decode` counts it."""
    why_not_skipped: str = ""
    """The handler's own reason where it did not skip, or stopped skipping."""


Contestant = Callable[[], Ran]
_SIDES = {
    "reference": "reference_side",
    "reference-decode": "reference_side",
    "handler": "handler_side",
    "handler-decode": "handler_side",
    "handler-forward": "handler_side",
}
NAMES = tuple(_SIDES)


def set_up(name: str, job: Job) -> Contestant:
    """Load what the contestant needs into this process."""
    side = importlib.import_module(f"benchmarks.contestants.{_SIDES[name]}")
    contestant: Contestant = side.set_up(name, job)
    return contestant
