"""The table of damaged clips: numbered pictures, of whose file a part is overwritten, missing or put before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.handler.clips import damaged, placed
from tests.media.clips.codecs import AV1, FFV1, MJPEG, MPEG2, MPEG4, VP8, VP9, X264, X264_B, X265
from tests.media.rows import Clip

COUNT = 60
_X265 = f"{X265} -x265-params log-level=none:keyint=6:bframes=0"
Damage = Callable[[Path], bytes]


@dataclass(frozen=True)
class Damaged:
    clip: Clip
    how: str
    damage: Damage
    is_read: bool
    """With PyAV, and with a warning. Otherwise it is refused, with and without PyAV."""

    @property
    def name(self) -> str:
        return f"{self.how} {self.clip.name}"


def _overwritten(filling: int, packets: tuple[int, ...], path: Path) -> bytes:
    return damaged(path, packets, filling)


def _torn(before: int, path: Path) -> bytes:
    """A packet of zeros, as are so many bytes before it: a Matroska block's head has its name, size and track."""
    body = bytearray(path.read_bytes())
    start, size = placed(path)[33]
    body[start - before : start + size] = bytes(before + size)
    return bytes(body)


def _second_half_zeros(path: Path) -> bytes:
    body = path.read_bytes()
    return body[: len(body) // 2] + bytes(len(body) - len(body) // 2)


def _cut(share: float, path: Path) -> bytes:
    body = path.read_bytes()
    return body[: int(len(body) * share)]


def _clip(name: str, arguments: str) -> Clip:
    return Clip(f"damaged-{name}", arguments, COUNT)


_PACKETS = (
    _clip("h264.mp4", f"{X264} -g 6"),
    _clip("h264-b.mkv", f"{X264_B} -g 6"),
    _clip("hevc.mp4", f"{_X265} -tag:v hvc1"),
    _clip("vp9.webm", f"{VP9} -g 6"),
    _clip("mpeg4.avi", f"{MPEG4} -g 6"),
    _clip("prores.mov", "-c:v prores"),
    _clip("ffv1.mkv", f"{FFV1} -level 3 -slicecrc 1 -g 1"),
)
_HALVES = (
    *_PACKETS,
    _clip("mjpeg.avi", MJPEG),
    _clip("vp8.webm", f"{VP8} -g 6"),
    _clip("mpeg4.mp4", f"{MPEG4} -g 6"),
    _clip("h264.flv", f"{X264} -g 6"),
    _clip("av1.mp4", f"{AV1} -g 6"),
)
_MATROSKA = tuple(clip for clip in _HALVES if clip.name[-4:] in (".mkv", "webm"))
_SIZED = tuple(clip for clip in _HALVES if not clip.name.endswith(".flv"))
"""Whose containers say how long they are."""

DAMAGED = (
    *(Damaged(clip, "a packet of zeros in", partial(_overwritten, 0, (33,)), True) for clip in _PACKETS),
    *(Damaged(clip, "a packet of noise in", partial(_overwritten, 0xA7, (33,)), True) for clip in _PACKETS),
    *(Damaged(clip, "half zeros in", _second_half_zeros, False) for clip in _HALVES),
    *(Damaged(clip, "a third of", partial(_cut, 0.33), False) for clip in _SIZED),
    *(Damaged(clip, "nearly all of", partial(_cut, 0.95), False) for clip in _SIZED if clip.name[-3:] != "avi"),
    *(Damaged(clip, "a block of no track in", partial(_torn, 0), False) for clip in _MATROSKA),
    *(Damaged(clip, "a torn", partial(_torn, 3), False) for clip in _MATROSKA),
    Damaged(_clip("mpeg2.ts", f"{MPEG2} -g 6"), "half zeros in", _second_half_zeros, False),
)
