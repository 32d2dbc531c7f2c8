"""Plans which packets of an H.264 stream must be decoded to get every N-th picture, from the packets' records alone.

Owns: the plan, and every reason not to make one. May not: decode.

A group of pictures begins with an IDR picture: no picture after it, in decoding order, refers to one before it
(ISO/IEC 14496-10, 7.4.1.2.4). So a group without a wanted picture need not be decoded at all, and any other only up to
its last wanted picture. A key frame that is not an IDR picture (open group, intra refresh) does not begin a group here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

T = TypeVar("T")

_IDR = 5
MOST_REORDERED = 32  # of any encoder, so that no file can make a reader keep all its pictures
_START_CODE = b"\x00\x00\x01"


class CannotSkip(Exception):
    """The stream cannot be skipped through exactly, for the given reason. Every picture must be decoded."""


@dataclass(frozen=True)
class PacketRecord:
    """One packet, in decoding order; `pts` is in units of the stream's time base."""

    pts: int | None
    begins_group: bool
    """It holds an IDR picture."""
    is_sound: bool = True
    """The container does not mark it as corrupt."""
    is_hidden: bool = False
    """An edit list hides its picture: it is decoded and not shown."""
    is_key: bool = False


@dataclass(frozen=True)
class Plan:
    """`wanted` maps a picture's pts to its place in the clip; the others have one entry a packet, in decoding order."""

    wanted: dict[int, int]
    stamps: tuple[int, ...]
    is_needed: tuple[bool, ...]


def plan(records: Sequence[PacketRecord], frame_interval: int) -> Plan:
    """Raises CannotSkip."""
    stamps = _stamps(records)
    starts = _group_starts(records, stamps)
    wanted = {pts: index for index, pts in enumerate(sorted(stamps)) if index % frame_interval == 0}
    needed = [False] * len(records)
    for start, end in pairwise((*starts, len(records))):
        last = max((place for place in range(start, end) if stamps[place] in wanted), default=None)
        if last is not None:
            needed[start : last + 1] = [True] * (last + 1 - start)
    return Plan(wanted, tuple(stamps), tuple(needed))


def late(items: Iterable[T], depth: int) -> Iterator[T]:
    """The same pictures, each only when `depth` more have come.

    A picture that is found damaged may have been decoded before pictures that refer to it and are shown earlier.
    """
    waiting: deque[T] = deque()
    for item in items:
        waiting.append(item)
        if len(waiting) > depth:
            yield waiting.popleft()
    yield from waiting


def reorder_depth(records: Sequence[PacketRecord]) -> int:
    """How many pictures at most are shown before one that is decoded before them.

    That number is largest for a picture that no later shown one precedes; there it is its place among the shown less
    its place among the decoded.
    """
    stamps = [record.pts for record in records]
    known = [stamp for stamp in stamps if stamp is not None]
    if len(known) < len(stamps):
        return MOST_REORDERED if len(stamps) > 1 else 0
    order = sorted(range(len(known)), key=known.__getitem__)
    return min(max((shown - decoded for shown, decoded in enumerate(order)), default=0), MOST_REORDERED)


def torn(records: Sequence[PacketRecord]) -> list[int]:
    """The packets, in decoding order, before which the container has lost others; rising.

    FFmpeg's parser marks the packet before the one that was being read when the counters of an MPEG-TS broke off. Where
    a key frame follows that one, nothing is torn: two recordings are joined, or nothing refers to what is lost.
    """
    following = (place + 1 for place, record in enumerate(records) if not record.is_sound)
    return [each for each in following if each + 1 < len(records) and not records[each + 1].is_key]


def _stamps(records: Sequence[PacketRecord]) -> list[int]:
    stamps = [record.pts for record in records if record.pts is not None]
    if not records or len(stamps) != len(records):
        raise CannotSkip("packets without a presentation time")
    if len(set(stamps)) != len(stamps):
        raise CannotSkip("packets with the same presentation time")
    if not all(record.is_sound and not record.is_hidden for record in records):
        raise CannotSkip("corrupt or hidden packets")
    return stamps


def _group_starts(records: Sequence[PacketRecord], stamps: Sequence[int]) -> list[int]:
    starts = [place for place, record in enumerate(records) if record.begins_group]
    if not starts or starts[0] != 0:
        raise CannotSkip("the stream does not begin with an IDR picture")
    latest = None
    for start, end in pairwise((*starts, len(records))):
        group = stamps[start:end]
        if min(group) != stamps[start] or (latest is not None and min(group) <= latest):
            raise CannotSkip("groups of pictures that overlap in time")
        latest = max(group)
    return starts


def holds_idr(packet: bytes, length_size: int | None) -> bool:
    """Whether an access unit holds an IDR slice; `length_size` as in avcC, None for Annex B byte streams."""
    return any(unit & 0x1F == _IDR for unit in _unit_headers(packet, length_size))


def length_size(extradata: bytes | None) -> int | None:
    """How many bytes a NAL unit's length takes (ISO/IEC 14496-15, 5.3.3.1); None for Annex B."""
    if extradata and len(extradata) > 4 and extradata[0] == 1:
        return (extradata[4] & 3) + 1
    return None


def _unit_headers(packet: bytes, length_bytes: int | None) -> Iterator[int]:
    if length_bytes is None:
        place = packet.find(_START_CODE)
        while 0 <= place < len(packet) - 3:
            yield packet[place + 3]
            place = packet.find(_START_CODE, place + 3)
        return
    place = 0
    while place + length_bytes < len(packet):
        size = int.from_bytes(packet[place : place + length_bytes], "big")
        yield packet[place + length_bytes]
        place += length_bytes + size
