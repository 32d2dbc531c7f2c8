"""Which way the handler's sampled frames came: skipped to, or with every frame before them decoded.

The handler does not report that, so this module wraps the one function that all skipped frames pass through.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from detector.core.frames import Frame
from detector.io.video import sampling
from detector.io.video.containers import Request
from detector.io.video.gops import CannotSkip
from detector.io.video.sampling import Survey


@dataclass
class Skips:
    frame_count: int = 0
    given_up_because: str = ""
    """The reason for decoding the rest; empty where every frame was skipped to."""


@contextmanager
def noted() -> Iterator[Skips]:
    """Of the clips read meanwhile, in this process."""
    skips, skipped = Skips(), sampling.skipped

    def listening(request: Request, survey: Survey) -> Iterator[Frame]:
        try:
            for frame in skipped(request, survey):
                skips.frame_count += 1
                yield frame
        except CannotSkip as reason:
            skips.given_up_because = str(reason)
            raise

    sampling.skipped = listening
    try:
        yield skips
    finally:
        sampling.skipped = skipped
