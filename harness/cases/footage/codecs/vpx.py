"""VP8 and VP9: references that are decoded and not shown.

Sources: RFC 6386, 9.1 (frame header); VP9 bitstream specification, 6.2 (uncompressed header), annex B (superframes).
"""

from __future__ import annotations

from harness.cases.footage.codecs.bits import Bits
from harness.cases.footage.codecs.content import Content

_VP8_KEY = b"\x9d\x01\x2a"


def vp8_content(packet: bytes) -> Content:
    is_key, is_shown = not packet[0] & 1, bool(packet[0] >> 4 & 1)
    is_damaged = is_key and packet[3:6] != _VP8_KEY
    return Content(shows=is_shown or is_damaged)


def vp9_content(packet: bytes) -> Content:
    return Content(shows=any(_is_shown(frame) for frame in _vp9_frames(packet)))


def _vp9_frames(packet: bytes) -> list[bytes]:
    """The frames of a superframe, whose index is at its end; a packet without one is a frame."""
    mark = packet[-1]
    size_bytes, count = (mark >> 3 & 3) + 1, (mark & 7) + 1
    index_bytes = 2 + size_bytes * count
    if mark >> 5 != 0b110 or len(packet) < index_bytes or packet[-index_bytes] != mark:
        return [packet]
    sizes = packet[1 - index_bytes : -1]
    frames, place = [], 0
    for at in range(0, len(sizes), size_bytes):
        size = int.from_bytes(sizes[at : at + size_bytes], "little")
        frames.append(packet[place : place + size])
        place += size
    return frames


def _is_shown(frame: bytes) -> bool:
    bits = Bits(frame[:2])
    if bits.take(2) != 0b10:  # no frame of VP9: damaged
        return True
    low, high = bits.take(1), bits.take(1)
    if low and high:
        bits.take(1)
    if bits.take(1):  # show_existing_frame
        return True
    bits.take(1)
    return bool(bits.take(1))
