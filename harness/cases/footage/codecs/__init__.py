"""What the bits of a packet say of the pictures in it: a `Reader` for a stream, by its codec.

    content  the nouns: what a packet holds, and a field
    bits     numbers out of a header
    nal      the units of H.264 and HEVC
    h264     fields, and packets without a picture
    hevc     leading pictures whose references are not there
    mpeg2    fields
    mpeg4    packed pictures, and empty ones
    vpx      hidden references of VP8 and VP9

Each reads as few bits as it needs, and says of whatever it does not understand that it is a picture.
"""

from __future__ import annotations

from collections.abc import Callable

from harness.cases.footage.codecs.content import Content, Field
from harness.cases.footage.codecs.h264 import H264
from harness.cases.footage.codecs.hevc import Hevc
from harness.cases.footage.codecs.mpeg2 import mpeg2_content
from harness.cases.footage.codecs.mpeg4 import mpeg4_content
from harness.cases.footage.codecs.vpx import vp8_content, vp9_content

__all__ = ["Content", "Field", "Reader", "reader_of"]

Reader = Callable[[bytes], Content]

# Every packet is one whole picture. AV1: a temporal unit shows exactly one (AV1 specification, 7.5).
_ONE_PICTURE_A_PACKET = frozenset({
    "av1", "mjpeg", "prores", "ffv1", "dnxhd", "dvvideo", "rawvideo", "huffyuv",
    "ffvhuff", "utvideo", "jpeg2000", "cfhd", "png", "qtrle", "v210", "gif",
})  # fmt: skip


def reader_of(codec: str, extradata: bytes) -> Reader:
    """`codec` is FFmpeg's name of it. Of a codec that is not known here, only a decoder can tell."""
    if codec == "h264":
        return H264(extradata).content
    if codec == "hevc":
        return Hevc(extradata).content
    table: dict[str, Reader] = {
        "mpeg1video": mpeg2_content,
        "mpeg2video": mpeg2_content,
        "mpeg4": mpeg4_content,
        "vp8": vp8_content,
        "vp9": vp9_content,
    }
    is_certain = codec in _ONE_PICTURE_A_PACKET
    return table.get(codec) or (lambda _: Content(is_certain=is_certain))
