"""Turned, mirrored, with non-square pixels, odd, tiny; changing on the way."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.handler.clips import ORIENTATIONS, ClipMaker, with_matrix
from tests.media.clips.codecs import MJPEG, MPEG2, MPEG4, NON_SQUARE, VP8, VP9, X264, X264_B, X265
from tests.media.clips.codecs import UNTOLD as _UNTOLD
from tests.media.rows import Clip

_MIRRORED = "mirrors the picture"


def _with_matrix(matrix: tuple[float, float, float, float], clips: ClipMaker, path: Path) -> bytes:
    return with_matrix(path, path.with_stem(f"{path.stem}-turned"), matrix).read_bytes()


def _turned(ending: str, codec: str, matrix: tuple[int, int, int, int]) -> Clip:
    a, b, c, d = matrix
    name = f"matrix{'_'.join(map(str, matrix))}.{ending}"
    refuses = _MIRRORED if a * d - b * c < 0 else ""
    return Clip(name, codec, after=partial(_with_matrix, matrix), turned=matrix, opencv_refuses=refuses)


def _then(arguments: str) -> Callable[[ClipMaker, Path], bytes]:
    """The pictures again, encoded otherwise, behind the first ones."""

    def made(clips: ClipMaker, path: Path) -> bytes:
        second = clips.made(f"second-{path.name}", *f"-i {path} {arguments} -output_ts_offset 0.48".split())
        return path.read_bytes() + second.read_bytes()

    return made


_TWICE = (*range(12), *range(12))
_OTHER = "-c:v libx264 -preset ultrafast -crf 2 -pix_fmt"

SHAPES = (
    *(_turned("mp4", X264, matrix) for matrix in ORIENTATIONS),
    *(_turned("mov", f"{MJPEG} -f mov", matrix) for matrix in ORIENTATIONS[1::2]),
    Clip("slanted.mp4", X264, after=partial(_with_matrix, (0.866, 0.5, -0.5, 0.866)),
         refused="no multiple of 90 degrees"),
    Clip("wide-pixels.mp4", f"-vf setsar=2 {X264}", warned=NON_SQUARE),
    Clip("narrow-pixels.mkv", f"-vf setsar=8/9 {X264}", warned=NON_SQUARE),
    Clip("wide-pixels.ts", f"-vf setsar=16/11 {MPEG2} -aspect 16:9", warned=NON_SQUARE),
    Clip("cropped.mp4", X264, size=(90, 54)),
    Clip("cropped-hevc.mp4", X265, size=(90, 54)),
    Clip("odd.mkv", f"{X264_B} -pix_fmt yuv444p", size=(97, 65)),
    Clip("odd.webm", VP8, size=(97, 65)),
    Clip("odd-vp9.webm", VP9, size=(97, 65)),
    Clip("odd-mjpeg.avi", MJPEG, size=(97, 65)),
    Clip("odd-mpeg4.mp4", MPEG4, size=(97, 65)),
    Clip("odd-ffv1.mkv", "-c:v ffv1 -pix_fmt yuv420p", size=(97, 65), opencv_refuses=_UNTOLD),
    Clip("odd-raw.avi", "-c:v rawvideo -pix_fmt bgr24", size=(97, 65), opencv_refuses=_UNTOLD),
    Clip("one-by-one.mkv", "-c:v ffv1 -pix_fmt yuv420p", size=(1, 1), numbers=(), opencv_refuses=_UNTOLD),
    Clip("one-by-one.avi", MJPEG, size=(1, 1), numbers=()),
    Clip("one-by-one.webm", VP8, size=(1, 1), numbers=()),
    Clip("two-by-two.mp4", X264, size=(2, 2), numbers=()),
    Clip("thin.mp4", X264, size=(16, 512)),
    Clip("flat.mkv", X264, size=(512, 16)),
    Clip("one-frame.mp4", X264, count=1),
    Clip("one-frame.mkv", X264, count=1),
    Clip("one-frame.webm", VP9, count=1),
    Clip("one-frame.avi", MJPEG, count=1),
    Clip("one-frame.ts", X264, count=1),
    Clip("one-frame.gif", "-c:v gif", count=1),
    Clip("no-frame.avi", f"{MPEG4} -frames:v 0", refused="holds no frames|cannot be told"),
    Clip("no-frame.mkv", f"{X264} -frames:v 0", refused="holds no frames|no video stream"),
    Clip("changing-size-h264.ts", X264, after=_then(f"-s 160x96 {X264} -crf 2"), numbers=_TWICE),
    Clip("changing-size.h264", X264, after=_then(f"-s 192x128 {X264} -crf 2"), numbers=_TWICE),
    Clip("changing-format.ts", X264, after=_then(f"{_OTHER} yuv422p"), numbers=_TWICE),
    Clip("changing-depth.ts", X264, after=_then(f"{_OTHER} yuv420p10le"), numbers=_TWICE),
    Clip("changing-matrix.ts", X264, after=_then(f"-vf scale=out_color_matrix=bt709 -colorspace bt709 {X264}"),
         numbers=_TWICE),
)  # fmt: skip
