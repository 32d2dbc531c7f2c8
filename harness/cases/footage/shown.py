"""The pictures themselves, for people: each under the index that an answer must give it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harness.cases.footage.container import Unread, opened, pixels
from harness.cases.footage.timeline import Stamps
from harness.cases.footage.videos import stamps_of


def pictures_at(path: Path, indices: Collection[int]) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """(index, RGB pixels as shown) of those pictures that can be decoded, in order; none of what is no video."""
    index = -1
    try:
        stamps = stamps_of(path)
        with opened(path) as source:
            for attempt in source.attempts():
                for picture in attempt.pictures:
                    found = _place(stamps, source.seconds_of(picture.pts), index + 1)
                    index = index if found is None else found
                    if found in indices:
                        yield index, pixels(picture)
                if index >= max(indices, default=-1):
                    return
    except Unread:
        return


def _place(stamps: Stamps, seconds: float | None, start: int) -> int | None:
    """The next place with this time, from `start` on: packets that failed are passed over, and what is not shown."""
    if seconds is None or None in stamps[start : start + 1]:
        return start
    return next((place for place in range(start, len(stamps)) if stamps[place] == seconds), None)
