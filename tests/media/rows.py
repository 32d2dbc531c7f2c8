"""The nouns of the tables: a clip or a picture, how it is made, and what must come of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.handler.clips import ClipMaker

UPRIGHT = (1, 0, 0, 1)


@dataclass(frozen=True)
class Clip:
    """One row. `name` is unique, and its ending tells ffmpeg the container.

    ffmpeg gets `count` numbered pictures of `size` at `rate`, and `arguments`, in which further inputs may come first.
    """

    name: str
    arguments: str
    count: int = 12
    size: tuple[int, int] = (96, 64)
    rate: str = "25"
    is_woven: bool = False
    """Each picture is two fields: number 2k above number 2k + 1."""
    after: Callable[[ClipMaker, Path], bytes] | None = None
    """Makes the file that is sent of what ffmpeg has written."""
    turned: tuple[int, int, int, int] = UPRIGHT
    """The display matrix that the file has."""
    numbers: tuple[int, ...] | None = None
    """What ffmpeg must find in the file, where that is not 0, 1, 2...; () for pictures too small for a number."""
    refused: str = ""
    """A pattern of the reason why neither decoder reads the clip; empty where it must be right."""
    opencv_refuses: str = ""
    """The same, of OpenCV alone."""
    opencv_may_refuse: str = ""
    """The same, where being right would do as well."""
    warned: str = ""
    """The code of a warning that the answer may carry."""
    older_refuses: str = ""
    """The same, of the older OpenCV alone."""
    opencv_levels: int = 3
    """How far OpenCV's colours may be off; PyAV's are within three."""
    times: tuple[float, ...] = ()
    """In seconds from the first, where ffprobe's are not those that are promised."""

    @property
    def expected_numbers(self) -> tuple[int, ...]:
        step = 2 if self.is_woven else 1
        return tuple(range(0, self.count * step, step)) if self.numbers is None else self.numbers
