"""What the packets of an MPEG transport stream say of themselves: scrambled, torn, and how many videos they carry.

Owns: headers of packets, and the two tables that name the streams. Source: ISO/IEC 13818-1: 2.4.3.2 (packets), 2.4.3.4
(adaptation field), 2.4.4.3 (program association), 2.4.4.8 (program map), table 2-34 (stream types).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.uint8]

_SYNC = 0x47
_SIZES = ((188, 0), (192, 4))  # bytes of a packet; of a camera's (M2TS), after its clock
_VIDEO_TYPES = frozenset((0x01, 0x02, 0x10, 0x1B, 0x24, 0x33, 0x42, 0xD1, 0xEA))
_NULL_PID = 0x1FFF


def packets(body: Any) -> Rows | None:
    """(n, 188 or more), a view of the body: a packet a row, of which few may be none; None of another body."""
    for size, skipped in _SIZES:
        count = (len(body) - skipped) // size
        if count < 2 or body[skipped] != _SYNC or body[skipped + size] != _SYNC:
            continue
        return np.frombuffer(body, np.uint8, count * size).reshape(count, size)[:, skipped:]
    return None


def is_scrambled(rows: Rows) -> bool:
    """Whether most of the packets with a payload are: pictures are most of a stream."""
    flags = rows[_has_payload(rows) & (_pids(rows) != _NULL_PID), 3]
    return bool(len(flags)) and np.count_nonzero(flags & 0x80) * 2 > len(flags)


def video_pids(rows: Rows) -> list[int]:
    """The identifiers of all video streams of all programs, as the first tables name them."""
    pids = _pids(rows)
    return [pid for table in _table_pids(rows, pids) for pid in _of_table(_section(rows, pids, table))]


def is_torn(rows: Rows, pid: int) -> bool:
    """Whether packets of a stream are missing, other than before a picture that a decoder may begin with."""
    places = np.flatnonzero(_has_payload(rows) & (_pids(rows) == pid))
    steps = np.diff(rows[places, 3] & 15) & 15
    return any(
        not _is_announced(rows[places[at + 1]]) and not np.array_equal(rows[places[at]], rows[places[at + 1]])
        for at in np.flatnonzero(steps != 1)
    )


def _is_announced(packet: Rows) -> bool:
    """Whether its adaptation field says that the counter breaks off, or that a decoder may begin here."""
    return bool(packet[3] & 0x20 and packet[4] and packet[5] & 0xC0)


def _has_payload(rows: Rows) -> npt.NDArray[np.bool_]:
    has_payload: npt.NDArray[np.bool_] = (rows[:, 0] == _SYNC) & (rows[:, 3] & 0x10 > 0)
    return has_payload


def _pids(rows: Rows) -> npt.NDArray[np.uint16]:
    pids: npt.NDArray[np.uint16] = np.bitwise_or((rows[:, 1].astype(np.uint16) & 31) << 8, rows[:, 2], dtype=np.uint16)
    return pids


def _section(rows: Rows, pids: npt.NDArray[np.uint16], pid: int) -> bytes:
    """The first section of a table, as far as it is in the packet that it begins in."""
    found = np.flatnonzero((pids == pid) & (rows[:, 1] & 0x40 > 0) & _has_payload(rows))
    if not len(found):
        return b""
    packet = rows[found[0]].tobytes()
    start = 5 + packet[4] if packet[3] & 0x20 else 4
    section = packet[start + 1 + packet[start] :] if start < len(packet) else b""
    return section[: max(0, _twelve_bits(section, 1) - 1)]  # without the checksum


def _table_pids(rows: Rows, pids: npt.NDArray[np.uint16]) -> Iterator[int]:
    section = _section(rows, pids, 0)
    for place in range(8, len(section) - 3, 4):
        if section[place] or section[place + 1]:  # program 0 is the network's own table
            yield _twelve_bits(section, place + 2) | (section[place + 2] & 0x10) << 8


def _of_table(section: bytes) -> Iterator[int]:
    place = 12 + _twelve_bits(section, 10)
    while place + 4 < len(section):
        if section[place] in _VIDEO_TYPES:
            yield _twelve_bits(section, place + 1) | (section[place + 1] & 0x10) << 8
        place += 5 + _twelve_bits(section, place + 3)


def _twelve_bits(section: bytes, place: int) -> int:
    return int.from_bytes(section[place : place + 2], "big") & 0xFFF
