"""Observes whether the handler's frames were skipped to with PyAV, or OpenCV decoded every frame before them.

The handler does not report that, so this module wraps the one function that all skipped frames pass through.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from detector.core.frames import Frame, Pixels
from detector.io import skipping
from detector.io.gops import CannotSkip


@dataclass
class Skips:
    frame_count: int = 0
    given_up_because: str = ""
    """The reason for decoding the rest; empty where every frame was skipped to."""


@contextmanager
def noted() -> Iterator[Skips]:
    """Count the skips of the clips that this process reads while the context lasts."""
    skips, checked = Skips(), skipping.checked

    def listening(frames: Iterator[Frame], first: Pixels) -> Iterator[Frame]:
        try:
            for frame in checked(frames, first):
                skips.frame_count += 1
                yield frame
        except CannotSkip as reason:
            skips.given_up_because = str(reason)
            raise

    skipping.checked = listening
    try:
        yield skips
    finally:
        skipping.checked = checked
