"""What a container says of its streams, where a decoder says nothing: whether they are encrypted, and how many.

Owns: the tables of streams in MP4, Matroska, AVI, ASF and MPEG-PS, and with `mpegts` in transport streams.
May not: decode.

Sources: ISO/IEC 14496-12 (8.12, protected sample entries), RFC 9559 (5.1.4, tracks), the OpenDML and ASF
specifications.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from detector.core.errors import UnreadableMedia
from detector.io.video import mpegts
from detector.io.video.containers import boxes, vint

_EBML = b"\x1a\x45\xdf\xa3"
_SEGMENT, _TRACKS, _TRACK, _TYPE = 0x18538067, 0x1654AE6B, 0xAE, 0x83
_ENCODINGS, _ENCODING, _ENCRYPTION = 0x6D80, 0x6240, 0x5035
_VIDEO = 1
_PACK = b"\x00\x00\x01\xba"
_ASF = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_ASF_ENCRYPTION = (
    bytes.fromhex("fbb3112223bdd211b4b700a0c955fc6e"),
    bytes.fromhex("14e68a292226174cb935dae07ee9289c"),
)
_ASF_VIDEO = bytes.fromhex("c0ef19bc4d5bcf11a8fd00805f5c442b")
_HEADER_BYTES = 1 << 16
_MOST_ELEMENTS = 200_000  # of one parent: a cluster each second for two days


def refuse_encrypted(body: Any) -> None:
    """Raises UnreadableMedia: what a decoder shows of an encrypted stream was not filmed."""
    how = _encryption(body)
    if how:
        raise UnreadableMedia(f"the video is encrypted ({how}); send it decrypted, the endpoint has no key")


def video_stream_count(body: Any) -> int | None:
    """How many streams of pictures the container announces, attached pictures apart; None where that is not known."""
    if (moov := _moov(body)) is not None:
        return len(re.findall(rb"hdlr.{8}vide", moov, re.DOTALL))
    if body[:4] == _EBML:
        return len(list(_matroska_videos(body)))
    if body[:4] == b"RIFF":
        return len(re.findall(rb"strh.{4}vids", body[:_HEADER_BYTES], re.DOTALL))
    if body[:16] == _ASF:
        return bytes(body[:_HEADER_BYTES]).count(_ASF_VIDEO)
    if body[:4] == _PACK:
        found = Counter(each[0] for each in re.finditer(rb"\x00\x00\x01[\xe0-\xef]", body))
        several = sum(1 for count in found.values() if count > 1)
        return several or (None if found else 0)  # once, it may be a short video, or sound that looks so
    rows = mpegts.packets(body)
    return None if rows is None else len(mpegts.video_pids(rows)) or None


def has_lost_packets(body: Any) -> bool:
    """Whether the counters of a transport stream say that some of a video's are missing."""
    rows = mpegts.packets(body)
    return rows is not None and any(mpegts.is_torn(rows, pid) for pid in mpegts.video_pids(rows))


def _encryption(body: Any) -> str:
    """Empty where nothing is encrypted."""
    if (moov := _moov(body)) is not None:
        is_protected = re.search(rb"encv\x00{6}", moov) is not None
        return "its MP4 sample entry is 'encv': DRM by common encryption" if is_protected else ""
    if body[:4] == _EBML:
        return "its Matroska track says so" if any(map(_is_encrypted, _matroska_videos(body))) else ""
    if body[:16] == _ASF:
        header = bytes(body[:_HEADER_BYTES])
        return "its ASF header says so: DRM" if any(each in header for each in _ASF_ENCRYPTION) else ""
    rows = mpegts.packets(body)
    return "its MPEG-TS packets are scrambled" if rows is not None and mpegts.is_scrambled(rows) else ""


def _moov(body: Any) -> bytes | None:
    """The index of an MP4; empty where there is none."""
    if body[4:8] not in (b"ftyp", b"styp", b"moov", b"moof", b"mdat", b"free", b"skip", b"wide"):
        return None
    return b"".join(bytes(body[start:end]) for name, start, end in boxes(body) if name == b"moov")


def _matroska_videos(body: Any) -> Iterator[bytes]:
    """The entry of each video track."""
    for segment in _children(body, 0, len(body), _SEGMENT):
        for tracks in _children(body, *segment, _TRACKS):
            for start, end in _children(body, *tracks, _TRACK):
                kinds = [int.from_bytes(body[first:last], "big") for first, last in _children(body, start, end, _TYPE)]
                if kinds == [_VIDEO]:
                    yield bytes(body[start:end])


def _is_encrypted(track: bytes) -> bool:
    return any(
        True
        for encodings in _children(track, 0, len(track), _ENCODINGS)
        for encoding in _children(track, *encodings, _ENCODING)
        for _ in _children(track, *encoding, _ENCRYPTION)
    )


def _children(body: Any, start: int, end: int, wanted: int) -> Iterator[tuple[int, int]]:
    """Where the elements of one kind lie; an unknown size (a live recording's) goes to the end."""
    for _ in range(_MOST_ELEMENTS):
        if start >= end:
            return
        length = 9 - body[start].bit_length() if body[start] else 9
        if length > 4:
            return
        kind = int.from_bytes(body[start : start + length], "big")
        size, content = vint(body, start + length)
        last = end if size is None else min(content + size, end)
        if kind == wanted:
            yield content, last
        start = last
