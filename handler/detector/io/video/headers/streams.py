"""What an encoded stream says of fields, and an MP4 of mirroring, read from its headers: for a decoder that hides both.

Owns: the few bits of the headers that tell. May not: decode.

Sources: ISO/IEC 14496-10 (7.3.2.1, sequence parameter set), ISO/IEC 23008-2 (7.3.3, profile_tier_level), ISO/IEC
14496-15 (8.3.3, hvcC), ISO/IEC 13818-2 (6.2.2.3, sequence extension), ISO/IEC 14496-2 (6.2.3, video object layer),
SMPTE RDD 36 (5.1, ProRes frame header), ISO/IEC 14496-12 (8.3.2, track header).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from mmap import mmap

Body = bytes | mmap

_ALWAYS_WHOLE_PICTURES = frozenset((b"vp80", b"vp90", b"av01", b"flv1", b"wmv1", b"wmv2", b"mjpg", b"gif "))
_HIGH_PROFILES = (100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135)
_FEW = 4096  # bytes of a header that are looked at


def why_not_whole_pictures(codec: bytes, extradata: bytes, body: Body) -> str:
    """Why the stream may have interlaced pictures; empty where it cannot. `codec` is its FOURCC."""
    if codec.lower() in _ALWAYS_WHOLE_PICTURES:
        return ""
    found = _has_fields(codec.lower(), extradata, body)
    if found is None:
        return f"whether this {codec.decode('latin-1').strip()} stream is interlaced cannot be told"
    return "the video is interlaced, or may become so" if found else ""


def _has_fields(codec: bytes, extradata: bytes, body: Body) -> bool | None:
    """None where nothing tells."""
    if codec in (b"h264", b"avc1"):
        return _any(_h264_has_fields(each) for each in h264_parameter_sets(extradata, body))
    if codec in (b"hevc", b"hvc1", b"hev1"):
        return _hevc_has_fields(extradata)
    if codec in (b"mpg1", b"mpg2", b"mpeg"):
        return _mpeg2_has_fields(extradata, body)
    if codec in (b"fmp4", b"mp4v", b"xvid", b"divx", b"dx50"):
        return _mpeg4_has_fields(extradata)
    if codec in (b"apch", b"apcn", b"apcs", b"apco", b"ap4h", b"ap4x"):
        return _any(bool(found[1][0] >> 2 & 3) for found in re.finditer(rb"icpf.{12}(.)", body, re.DOTALL))
    return None


def is_mirrored_mp4(body: Body) -> bool:
    """Whether a track header's matrix mirrors its picture, or turns it by no multiple of 90 degrees."""
    for found in re.finditer(rb"tkhd([\x00\x01])", body):
        at = found.start() + 4 + (52 if found[1] == b"\x01" else 40)
        words = (bytes(body[start : start + 4]) for start in (at, at + 4, at + 12, at + 16))
        a, b, c, d = (int.from_bytes(word, "big", signed=True) for word in words)
        if a * d - b * c < 0 or (max(abs(a), abs(d)) > 1200 and max(abs(b), abs(c)) > 1200):
            return True
    return False


def has_lost_its_step(body: Body) -> bool:
    """Whether more than a twentieth of an MPEG-TS's packets do not begin as they must (ISO/IEC 13818-1, 2.4.3.2)."""
    for start, size in ((0, 188), (4, 192)):  # a Blu-ray's have a time stamp before each
        signs = bytes(body[start::size])
        if signs[:4] == b"\x47" * 4:
            return signs.count(b"\x47") < 0.95 * len(signs)
    return False


def _any(found: Iterator[bool]) -> bool | None:
    each = list(found)
    return any(each) if each else None


def h264_parameter_sets(extradata: bytes, body: Body) -> Iterator[bytes]:
    if extradata[:1] == b"\x01" and len(extradata) > 8:  # avcC: the sets come first, with their lengths
        place = 6
        for _ in range(extradata[5] & 31):
            size = int.from_bytes(extradata[place : place + 2], "big")
            yield extradata[place + 2 : place + 2 + size]
            place += 2 + size
        return
    for found in re.finditer(rb"\x00\x00\x01[\x07\x27\x47\x67]", body):
        yield bytes(body[found.end() - 1 : found.end() + _FEW // 16])


def _h264_has_fields(parameter_set: bytes) -> bool:
    return not h264_from_fields_on(parameter_set).take(1)


def h264_from_fields_on(parameter_set: bytes) -> Bits:
    """From the flag frame_mbs_only_flag."""
    bits = Bits(parameter_set[1:])
    profile = bits.take(8)
    bits.take(16)
    bits.golomb()
    if profile in _HIGH_PROFILES:
        _skip_high_profile(bits)
    bits.golomb()
    order = bits.golomb()
    if order == 0:
        bits.golomb()
    elif order == 1:
        bits.take(1)
        bits.skip_golombs(2)
        bits.skip_golombs(min(bits.golomb(), 255))
    bits.golomb()
    bits.take(1)
    bits.skip_golombs(2)
    return bits


def _skip_high_profile(bits: Bits) -> None:
    chroma = bits.golomb()
    if chroma == 3:
        bits.take(1)
    bits.skip_golombs(2)
    bits.take(1)
    if bits.take(1):  # scaling matrices
        for place in range(12 if chroma == 3 else 8):
            if bits.take(1):
                _skip_scaling_list(bits, 16 if place < 6 else 64)


def _skip_scaling_list(bits: Bits, size: int) -> None:
    last, following = 8, 8
    for _ in range(size):
        if following:
            code = bits.golomb()
            following = (last + ((code + 1) // 2 if code % 2 else -(code // 2))) % 256
        last = following or last


def _hevc_has_fields(extradata: bytes) -> bool | None:
    """By general_progressive_source_flag and general_interlaced_source_flag; a stream with neither is unknown."""
    if extradata[:1] == b"\x01" and len(extradata) > 6:
        flags = extradata[6]
    else:
        found = re.search(rb"\x00\x00\x01\x40\x01(.{24})", extradata, re.DOTALL)
        if found is None:
            return None
        flags = found[1].replace(b"\x00\x00\x03", b"\x00\x00")[9]
    return False if flags >> 6 == 2 else None if flags >> 6 == 0 else True


def _mpeg2_has_fields(extradata: bytes, body: Body) -> bool | None:
    """A sequence without an extension is MPEG-1, which has no fields."""
    found = _any(
        not each[1][0] >> 3 & 1
        for source in (extradata, body)
        for each in re.finditer(rb"\x00\x00\x01\xb5[\x10-\x1f](.)", source, re.DOTALL)
    )
    return found if found is not None else False if b"\x00\x00\x01\xb3" in extradata else None


def _mpeg4_has_fields(extradata: bytes) -> bool | None:
    found = re.search(rb"\x00\x00\x01[\x20-\x2f]", extradata)
    if found is None:
        return None
    bits = Bits(extradata[found.end() :])
    bits.take(9)
    if bits.take(1):
        bits.take(7)
    if bits.take(4) == 15:
        bits.take(16)
    if bits.take(1):
        bits.take(3)
        if bits.take(1):
            bits.take(79)
    if bits.take(2) != 0:  # not rectangular
        return None
    bits.take(1)
    resolution = bits.take(16)
    bits.take(1)
    if bits.take(1):
        bits.take(max(1, (resolution - 1).bit_length()))
    bits.take(1 + 13 + 1 + 13 + 1)
    return bool(bits.take(1))


class Bits:
    """Bits of a header, without the bytes that keep start codes out of it; zeros after its end."""

    def __init__(self, data: bytes) -> None:
        self._data = data[:_FEW].replace(b"\x00\x00\x03", b"\x00\x00")
        self._place = 0

    def take(self, count: int) -> int:
        value = 0
        for place in range(self._place, self._place + count):
            byte = self._data[place // 8] if place // 8 < len(self._data) else 0
            value = value << 1 | byte >> 7 - place % 8 & 1
        self._place += count
        return value

    def golomb(self) -> int:
        """An unsigned Exp-Golomb code."""
        zeros = 0
        while zeros < 32 and not self.take(1):
            zeros += 1
        return (1 << zeros) - 1 + self.take(zeros)

    def skip_golombs(self, count: int) -> None:
        for _ in range(count):
            self.golomb()
