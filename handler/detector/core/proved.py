"""Which versions of the decoding libraries were proved, and for what: anything else is not used.

Owns the two tables. Proved means: the tests of tests/handler/io passed with the first and the last version of a range
and every minor version between, with PyAV and without; see docs/media.md. A new version belongs in the table once they
have.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

Version = tuple[int, int]


@dataclass(frozen=True)
class Proved:
    """Minor versions from `first` to `last`, both included."""

    first: Version
    last: Version
    reads_video: bool = True
    """Whether the library's own video was proved; pictures always were."""

    def __str__(self) -> str:
        first, last = (".".join(map(str, each)) for each in (self.first, self.last))
        return first if first == last else f"{first} to {last}"


OPENCV = (
    # 4.11 and 4.12 take the matrix of BT.601 for every stream, which is up to 30 levels off in BT.709.
    Proved((4, 11), (4, 12), reads_video=False),
    Proved((4, 13), (4, 14)),
    Proved((5, 0), (5, 0)),  # without AV1, as 4.13; refused as an unknown codec
)
PYAV = (
    # 17.0 and older end the process with a segmentation fault in MPEG-2 (.mpg) and FLV, and 16.1 and older take the
    # matrix of BT.601 for every stream.
    Proved((17, 1), (18, 1)),
)


def entry(table: Sequence[Proved], version: str) -> Proved | None:
    """The range that holds `version`, such as `4.14.0`; None where it was not proved."""
    found = re.match(r"(\d+)\.(\d+)", version)
    number = (int(found[1]), int(found[2])) if found else (0, 0)
    return next((each for each in table if each.first <= number <= each.last), None)


def ranges(table: Sequence[Proved], *, reading_video: bool = False) -> str:
    return ", ".join(str(each) for each in table if each.reads_video or not reading_video)
