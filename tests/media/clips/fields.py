"""Interlaced: two fields of two moments, woven line by line as ffmpeg shows them."""

from __future__ import annotations

from pathlib import Path

from tests.handler.clips import ClipMaker
from tests.media.clips.codecs import FIELDS as _NO
from tests.media.clips.codecs import NON_SQUARE, X264
from tests.media.clips.codecs import UNTOLD as _UNTOLD
from tests.media.rows import Clip

_TFF, _BFF = "-vf setfield=tff -flags +ildct+ilme", "-vf setfield=bff -flags +ildct+ilme"
_X264 = "-c:v libx264 -preset veryfast -g 6 -pix_fmt yuv420p -x264-params"


def _after_progressive(clips: ClipMaker, fields: Path) -> bytes:
    """Six progressive pictures of the same numbers come first."""
    first = clips.made("before-fields.ts", *f"-i {fields} -frames:v 6 -output_ts_offset 0 {X264}".split())
    second = clips.made("after-progressive.ts", *f"-i {fields} -c copy -copyts -output_ts_offset 0.24".split())
    return first.read_bytes() + second.read_bytes()


def _field(name: str, arguments: str, refuses: str = _NO, count: int = 12, size: tuple[int, int] = (96, 64)) -> Clip:
    return Clip(
        name,
        arguments,
        count,
        size,
        is_woven=True,
        opencv_refuses=refuses,
        warned=NON_SQUARE if size != (96, 64) else "",
    )


FIELDS = (
    _field("top-first-h264.mp4", f"{_TFF} {_X264} tff=1"),
    _field("top-first-h264.mov", f"{_TFF} {_X264} tff=1:bframes=2"),
    _field("bottom-first-h264.mkv", f"{_BFF} {_X264} bff=1"),
    _field("top-first-h264.ts", f"{_TFF} {_X264} tff=1"),
    _field("top-first-h264.mts", f"{_TFF} {_X264} tff=1 -f mpegts -mpegts_m2ts_mode 1"),
    _field("top-first-h264.avi", f"{_TFF} {_X264} tff=1:bframes=0"),
    _field("top-first-mpeg2.ts", f"{_TFF} -c:v mpeg2video -q:v 2"),
    _field("bottom-first-mpeg2.mpg", f"{_BFF} -c:v mpeg2video -q:v 2"),
    _field("top-first-mpeg2-422.mxf", f"{_TFF} -c:v mpeg2video -q:v 2 -pix_fmt yuv422p"),
    _field("top-first-mpeg4.mp4", f"{_TFF} -c:v mpeg4 -q:v 2"),
    _field("top-first-mpeg4.avi", f"{_TFF} -c:v mpeg4 -q:v 2"),
    _field("top-first-prores.mov", f"{_TFF} -c:v prores_ks -field_order tt"),
    _field("bottom-first-prores.mov", f"{_BFF} -c:v prores_ks -field_order bb"),
    _field("top-first-ffv1.mkv", f"{_TFF} -c:v ffv1 -field_order tt -pix_fmt yuv420p", _UNTOLD),
    _field("bottom-first-dv.dv", f"{_BFF} -c:v dvvideo -pix_fmt yuv420p", _UNTOLD, 3, (720, 576)),
    _field("bottom-first-dv.mov", f"{_BFF} -c:v dvvideo -pix_fmt yuv420p", _UNTOLD, 3, (720, 576)),
    Clip("becoming-fields.ts", f"{_TFF} {_X264} tff=1", is_woven=True, after=_after_progressive,
         numbers=(0, 2, 4, 6, 8, 10, *range(0, 24, 2)), opencv_refuses=_NO),
)  # fmt: skip
