"""Evidence that a file is cut: the sizes that its outermost parts state reach beyond its end.

Sources: ISO/IEC 14496-12, 4.2 (boxes); the RIFF specification.
"""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO


def is_cut(path: Path) -> bool:
    """Of an MP4/MOV or AVI; False for every other file."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(12)
        if head[:4] == b"RIFF":
            stated = int.from_bytes(head[4:8], "little")
            return stated not in (0, 0xFFFFFFFF) and 8 + stated > size
        return head[4:8] == b"ftyp" and _boxes_end(file, size) > size


def _boxes_end(file: BinaryIO, file_size: int) -> int:
    place = 0
    while place < file_size:
        file.seek(place)
        header = file.read(16)
        size = int.from_bytes(header[:4], "big")
        if size == 1:  # the size is in the eight bytes that follow
            size = int.from_bytes(header[8:16], "big")
        if size < 8:  # 0: to the end of the file; anything else is no box
            return file_size
        place += size
    return place
