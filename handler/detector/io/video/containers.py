"""Reads the length that a container file declares, from its outermost sizes alone.

Owns: the evidence that a file is cut, and what both decoders make of a stated length, frame rate and size. OpenCV ends
silently where a cut file ends, and its frame count is no evidence: it is an estimate in most formats, and in MP4 it
counts frames that an edit list hides. MPEG-TS, MPEG-PS, FLV and live streams declare no length, so a cut cannot be
detected in them.

Sources: ISO/IEC 14496-12 (4.2, boxes), the RIFF and OpenDML specifications, RFC 8794 (EBML, section 4 and 6), the ASF
specification (chapter 3, objects); RFC 9559 (5.1, Matroska's elements).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from detector.core.errors import UnreadableMedia
from detector.core.frames import ClipWarning
from detector.core.opencv import MAX_FRAME_PIXELS

RE_ENCODE = "check it with ffprobe, and re-encode it: ffmpeg -i IN -c:v libx264 -pix_fmt yuv420p OUT.mp4"

Body = bytes | bytearray

_BOXES = frozenset(
    b"ftyp styp moov moof mdat free skip wide pnot sidx ssix prft emsg udta uuid meta mfra PICT pdin".split()
)
_MOST_BOXES = 400_000  # two a fragment: days of a broadcast
_EBML, _SEGMENT, _CLUSTER = b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67", b"\x1f\x43\xb6\x75"
_MOST_ELEMENTS = 2_000_000  # some six hours of picture and sound
# RFC 9559: what a segment and its clusters may hold, which are entered.
_ENTERED = frozenset((_SEGMENT, _CLUSTER))
_TRACKS, _BLOCK, _GROUP = b"\x16\x54\xae\x6b", b"\xa3", b"\xa0"
_OTHERS = "1a45dfa3 114d9b74 1549a966 1c53bb6b 1941a469 1043a770 1254c367 ec bf e7 ab a7 5854 af"
_ELEMENTS = frozenset((*map(bytes.fromhex, _OTHERS.split()), _TRACKS, _BLOCK, _GROUP))
_ASF = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"RIFF", "RIFF"), (0, b"FLV", "FLV"), (0, b"OggS", "Ogg"), (0, b"\x00\x00\x01\xba", "MPEG-PS"),
    (0, b"DKIF", "IVF"), (0, b"YUV4MPEG2", "YUV4MPEG"), (0, b"nut/multimedia", "NUT"), (188, b"\x47", "MPEG-TS"),
    (0, b"fLaC", "FLAC"), (0, b"ID3", "MP3"), (0, b"GIF8", "GIF"), (0, b"\xff\xd8\xff", "JPEG"),
    (0, b"\x89PNG", "PNG"), (0, b"PK\x03\x04", "ZIP"), (0, b"\x1f\x8b", "gzip"), (0, b"%PDF", "PDF"),
)  # fmt: skip


@dataclass(frozen=True)
class Container:
    """`declared_bytes` is the sum of the outermost sizes; None where the format or the writer gives none."""

    family: str
    declared_bytes: int | None = None
    lacks_index: bool = False
    """An MP4 without its `moov` box: the recording was not finished, or the end is missing."""
    is_fragmented: bool = False
    """An MP4 whose frames are counted fragment by fragment, so that a missing one is missing from the count too."""

    def missing_bytes(self, body: Body) -> int:
        """The number of declared bytes that `body` lacks; 0 without evidence."""
        return max(0, (self.declared_bytes or 0) - len(body))


def refuse_giant(width: int, height: int) -> None:
    """Raises UnreadableMedia."""
    if width * height > MAX_FRAME_PIXELS:
        raise UnreadableMedia(f"frames of {width} x {height} are larger than the {MAX_FRAME_PIXELS} pixels allowed")


def frame_seconds(rate: float) -> float:
    """Of a stated frame rate; rates that no camera has are a writer's nonsense, and 25 is taken instead."""
    return 1 / rate if 0.01 < rate <= 1000 else 1 / 25


def earliest_end(length_seconds: float) -> float:
    """Where a file of that length may end: writers round it, and may count a last frame of another stream."""
    return min(length_seconds - 0.2, 0.95 * length_seconds)


class Unopened(Exception):
    """The file is none that the decoder opens, or has no video stream that can be decoded."""


@dataclass(frozen=True)
class Request:
    """`failed_percent` of a clip's packets may fail; more is an error. `warnings` is filled while frames are read.

    With `as_planes`, frames hold the decoder's own planes wherever they can be converted elsewhere as here. With
    `keeps_damaged`, frames that depend on a packet that failed are given and named; else they are lost, too.
    """

    path: str
    frame_interval: int
    failed_percent: float
    as_planes: bool = False
    keeps_damaged: bool = False
    warnings: list[ClipWarning] = field(default_factory=list)


@dataclass(frozen=True)
class Reach:
    """How far a file can be read: frames, the time of the last one, and how many the container declares or implies."""

    frame_count: int = 0
    last_seconds: float = 0.0
    declared_count: int | None = None


def recognised(body: Body) -> Container | None:
    """The container that `body` begins with; None when it is unknown."""
    if bytes(body[4:8]) in _BOXES:
        return _mp4(body)
    if body.startswith(_EBML):
        return Container("Matroska/WebM", _matroska_bytes(body))
    if body.startswith(_ASF):
        return Container("ASF/WMV", _asf_bytes(body))
    if body.startswith(b"RIFF") and body[8:12] == b"AVI ":
        return Container("AVI", _avi_bytes(body))
    return next((Container(name) for at, magic, name in _SIGNATURES if body[at : at + len(magic)] == magic), None)


def is_text(body: Body) -> bool:
    """Whether the beginning is text: no container known here begins with 256 bytes without a control character."""
    head = bytes(body[:256])
    return bool(head) and all(byte >= 0x20 or byte in b"\t\n\r\f\x1b" for byte in head) and b"\x7f" not in head


def boxes(body: Body) -> Iterator[tuple[bytes, int, int]]:
    """(name, start, end) of each of an MP4's outermost boxes; the last one's end may be beyond the body's."""
    offset = 0
    for _ in range(_MOST_BOXES):
        box = bytes(body[offset + 4 : offset + 8])
        if box not in _BOXES:
            return
        size = _big(body, offset, 4)
        if size == 1:  # the size is in the eight bytes that follow
            size = _big(body, offset + 8, 8)
        if size == 0:  # to the end of the file
            size = len(body) - offset
        start, offset = offset, offset + max(size, 8)
        yield box, start, offset


def _mp4(body: Body) -> Container:
    offset, seen = 0, set()
    for box, _, offset in boxes(body):  # noqa: B007  the last end is the length
        seen.add(box)
    return Container("MP4/MOV", offset, lacks_index=not seen & {b"moov", b"moof"}, is_fragmented=b"moof" in seen)


def _avi_bytes(body: Body) -> int | None:
    """An AVI is one RIFF chunk or several (OpenDML); a writer that cannot seek leaves 0 or all ones as the size."""
    offset = 0
    while body[offset : offset + 4] == b"RIFF" and body[offset + 8 : offset + 11] == b"AVI":
        size = int.from_bytes(body[offset + 4 : offset + 8], "little")
        if not is_finished_avi(bytes(body[offset : offset + 8])):
            return None
        offset += 8 + size
    return offset


def is_finished_avi(head: bytes) -> bool:
    """Whether its writer came back to write the length and the number of frames; `head` is the first 8 bytes."""
    return int.from_bytes(head[4:8], "little") not in (0, 0xFFFFFFFF)


def _matroska_bytes(body: Body) -> int | None:
    """The EBML header and the segment after it; a live stream's segment has an unknown size, written as all ones."""
    header_size, header_start = vint(body, len(_EBML))
    if header_size is None:
        return None
    segment = header_start + header_size
    if segment >= len(body):
        return segment
    if body[segment : segment + 4] != _SEGMENT:
        return None
    size, start = vint(body, segment + 4)
    return None if size is None else start + size


def torn_at(body: Body) -> int | None:
    """Where a Matroska file holds no element that may be there, or a block of no track: FFmpeg goes on at the next one
    that it finds, and tells nothing.

    Neither what is missing nor how many pictures that are can be known. None of a whole file, and of other formats, and
    where a file has more elements than hours of recording.
    """
    offset, end, tracks = 0, len(body), frozenset[int]()
    for _ in range(_MOST_ELEMENTS if body.startswith(_EBML) else 0):
        if offset >= end:
            break
        name, size, start = _element(body, offset)
        if name in _ENTERED:
            offset = start
            if name == _SEGMENT and size is not None:
                end = min(end, start + size)
            continue
        if start >= len(body):  # cut, where the writer left the length open
            return None
        if size is None or not _may_be(body, name, start, start + size, tracks):
            return offset
        if name == _TRACKS:
            tracks = frozenset(
                found[1][0] for found in re.finditer(rb"\xd7\x81(.)", body[start : start + size], re.DOTALL)
            )
        offset = start + size
    return None


def _may_be(body: Body, name: bytes, start: int, end: int, tracks: frozenset[int]) -> bool:
    """Whether an element is one that is known, or has one behind it; and a block of one of the tracks."""
    if name == _GROUP and body[start : start + 1] == b"\xa1":
        start = vint(body, start + 1)[1]
    elif name != _BLOCK:
        return name in _ELEMENTS or (bool(name) and _element(body, end)[0] in _ELEMENTS | _ENTERED)
    return not tracks or vint(body, start)[0] in tracks


def _element(body: Body, offset: int) -> tuple[bytes, int | None, int]:
    """Its name, empty where there is none; its size, None where that is unknown; where its content starts."""
    first = body[offset] if offset < len(body) else 0
    length = 9 - first.bit_length()
    if length > 4:
        return b"", None, offset
    return (bytes(body[offset : offset + length]), *vint(body, offset + length))


def vint(body: Body, offset: int) -> tuple[int | None, int]:
    """An EBML variable-size integer and where it ends; None for the reserved "unknown"."""
    first = body[offset] if offset < len(body) else 0
    length = 9 - first.bit_length() if first else 1
    bits = 7 * length
    value = _big(body, offset, length) & ((1 << bits) - 1)
    return (None if first == 0 or value == (1 << bits) - 1 else value), offset + length


def _asf_bytes(body: Body) -> int | None:
    offset = 0
    while offset + 24 <= len(body):
        size = int.from_bytes(body[offset + 16 : offset + 24], "little")
        if size < 24:  # a broadcast's data object has no size
            return None
        offset += size
    return offset


def _big(body: Body, offset: int, length: int) -> int:
    return int.from_bytes(body[offset : offset + length], "big")
