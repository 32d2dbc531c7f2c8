"""What a file says of its primaries and transfer function, read from its headers: for OpenCV, which converts wide and
HDR colours to BT.709's, as the ffmpeg program does not, and is 50 to 130 levels off.

Owns: the few bits of the headers that tell. May not: decode.

Sources: ISO/IEC 23091-2 (the numbers), 14496-10 (E.1.1), 23008-2 (7.3.2.2, 7.3.7, E.2.1), 13818-2 (6.2.2.4), 14496-12
(12.1.5, colr), RFC 9559 (5.1.4.1.28.16, Colour), SMPTE RDD 36 (5.1), the VP9 codec ISO media file format binding.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain, zip_longest
from mmap import mmap

from detector.io.video.headers.streams import Bits, h264_from_fields_on, h264_parameter_sets

Body = bytes | mmap
Colours = tuple[int, int, int]
"""Primaries, transfer function and matrix; 2 is unstated."""

_PLAIN: tuple[frozenset[int], ...] = (
    frozenset((1, 2, 4, 5, 6, 7)),
    frozenset((1, 2, 4, 5, 6, 7, 8, 11, 13, 14, 15)),
    frozenset((0, 1, 2, 4, 5, 6, 7, 9)),
)
_TELLING = (b"h264", b"avc1"), (b"hevc", b"hvc1", b"hev1")
_MATROSKA_HEADER_BYTES = 1 << 13
_UNSTATED = 2
_NONE_STATED = (_UNSTATED, _UNSTATED, _UNSTATED)


def why_not_as_ffmpeg(codec: bytes, extradata: bytes, body: Body) -> str:
    """Why OpenCV would show other colours than FFmpeg's; empty where it does not. `codec` is the stream's FOURCC."""
    h264, hevc = _TELLING
    stated = chain(_of_container(body), _of_other_codecs(body))
    if codec.lower() in h264:
        stated = chain(stated, map(_of_h264, h264_parameter_sets(extradata, body)))
    if codec.lower() in hevc:
        stated = chain(stated, map(_of_hevc, _hevc_parameter_sets(extradata, body)))
    if all(value in plain for colours in stated for value, plain in zip(colours, _PLAIN, strict=True)):
        return ""
    return "its colours are of a wide gamut, HDR, or an unusual matrix"


def _of_container(body: Body) -> Iterator[Colours]:
    for found in re.finditer(rb"colrncl[xc](..)(..)(..)", body, re.DOTALL):
        yield int.from_bytes(found[1], "big"), int.from_bytes(found[2], "big"), int.from_bytes(found[3], "big")
    for found in re.finditer(rb"vpcC\x01.{6}(.)(.)(.)", body, re.DOTALL):
        yield found[1][0], found[2][0], found[3][0]
    if body[:4] == b"\x1a\x45\xdf\xa3":
        head = bytes(body[:_MATROSKA_HEADER_BYTES])
        primaries, transfer, matrix = (
            [found[1][0] for found in re.finditer(name + rb"\x81(.)", head, re.DOTALL)]
            for name in (rb"\x55\xbb", rb"\x55\xba", rb"\x55\xb1")
        )
        yield from zip_longest(primaries, transfer, matrix, fillvalue=_UNSTATED)


def _of_other_codecs(body: Body) -> Iterator[Colours]:
    """Of MPEG-2's sequence display extension, and of ProRes' frame header."""
    for found in re.finditer(rb"\x00\x00\x01\xb5[\x21\x23\x25\x27\x29\x2b\x2d\x2f](.)(.)(.)", body, re.DOTALL):
        yield found[1][0], found[2][0], found[3][0]
    for found in re.finditer(rb"icpf.{14}(.)(.)(.)", body, re.DOTALL):
        yield found[1][0] or _UNSTATED, found[2][0] or _UNSTATED, found[3][0]


def _of_h264(parameter_set: bytes) -> Colours:
    bits = h264_from_fields_on(parameter_set)
    if not bits.take(1):
        bits.take(1)
    bits.take(1)
    if bits.take(1):
        bits.skip_golombs(4)
    return _of_usability(bits)


def _of_usability(bits: Bits) -> Colours:
    """Of the video usability information, from the flag that says whether there is one."""
    if not bits.take(1):
        return _NONE_STATED
    if bits.take(1) and bits.take(8) == 255:  # the shape of pixels
        bits.take(32)
    if bits.take(1):
        bits.take(1)
    if bits.take(1):
        bits.take(4)
        if bits.take(1):
            return bits.take(8), bits.take(8), bits.take(8)
    return _NONE_STATED


def _hevc_parameter_sets(extradata: bytes, body: Body) -> Iterator[bytes]:
    """In hvcC each has its length before it, elsewhere a start code."""
    if extradata[:1] == b"\x01":
        place = 23
        for _ in range(extradata[22] if len(extradata) > 22 else 0):
            kind, count = extradata[place] & 63, int.from_bytes(extradata[place + 1 : place + 3], "big")
            place += 3
            for _ in range(count):
                size = int.from_bytes(extradata[place : place + 2], "big")
                if kind == 33:
                    yield extradata[place + 2 : place + 2 + size]
                place += 2 + size
        return
    for found in re.finditer(rb"\x00\x00\x01\x42\x01", body):
        yield bytes(body[found.end() - 2 : found.end() + 512])


def _of_hevc(parameter_set: bytes) -> Colours:
    bits = Bits(parameter_set[2:])
    bits.take(4)
    layers = bits.take(3)
    bits.take(1)
    _skip_profile(bits, layers)
    bits.golomb()
    if bits.golomb() == 3:
        bits.take(1)
    bits.skip_golombs(2)
    if bits.take(1):
        bits.skip_golombs(4)
    bits.skip_golombs(2)
    order_bits = bits.golomb() + 4
    bits.skip_golombs(3 * (layers + 1 if bits.take(1) else 1) + 6)
    if bits.take(1) and bits.take(1):
        _skip_scaling_lists(bits)
    bits.take(2)
    if bits.take(1):
        bits.take(8)
        bits.skip_golombs(2)
        bits.take(1)
    _skip_reference_sets(bits)
    if bits.take(1):
        for _ in range(min(bits.golomb(), 32)):
            bits.take(order_bits + 1)
    bits.take(2)
    return _of_usability(bits)


def _skip_profile(bits: Bits, layers: int) -> None:
    bits.take(96)
    present = [(bits.take(1), bits.take(1)) for _ in range(layers)]
    if layers:
        bits.take(2 * (8 - layers))
    for has_profile, has_level in present:
        bits.take(88 * has_profile + 8 * has_level)


def _skip_scaling_lists(bits: Bits) -> None:
    for size in range(4):
        for _ in range(2 if size == 3 else 6):
            if not bits.take(1):
                bits.golomb()
            else:
                bits.skip_golombs(min(64, 1 << 4 + 2 * size) + (size > 1))


def _skip_reference_sets(bits: Bits) -> None:
    count = 0
    for index in range(min(bits.golomb(), 64)):
        if index and bits.take(1):  # as a difference to the set before
            bits.take(1)
            bits.golomb()
            count = sum(1 for _ in range(count + 1) if bits.take(1) or bits.take(1))
            continue
        count = min(bits.golomb() + bits.golomb(), 32)
        for _ in range(count):
            bits.golomb()
            bits.take(1)
