"""What PyAV has decoded of one picture: its pixels in RGB, its planes, and the orientation in which it is shown.

Owns: the conversion of colours by FFmpeg, the weaving of two fields, and when another may convert the planes instead.
May not: know which file or stream a picture is of.
"""

from __future__ import annotations

from functools import lru_cache, partial
from typing import Any

import numpy as np

from detector.core.errors import UnreadableMedia
from detector.core.opencv import MAX_FRAME_PIXELS
from detector.core.planes import Colours, Pixels, PlanarPicture, PlaneFormat, Turn
from detector.io.video.containers import RE_ENCODE, refuse_giant

av: Any
try:
    import av
    from av.video.reformatter import VideoReformatter
except ImportError:
    av = None

_PLANAR_FORMATS = ("yuv420p", "yuvj420p")
# What a picture is marked with and FFmpeg's conversion may look at.
_COLOUR_TAGS = ("colorspace", "color_range", "color_trc", "color_primaries")
# (a, b, c, d) of a display matrix: a source pixel (x, y) is shown at (ax + cy, bx + dy), y downwards.
_DisplayMatrix = tuple[float, float, float, float]
# In a display matrix 1.0 is 1 << 16; FFmpeg shows a picture upright that is turned by less than a degree.
_LEVEL_SINE = 0.0175


class Converter:
    """Makes pixels of the pictures of one stream, or hands out their planes, if `as_planes`, where it can."""

    def __init__(self, as_planes: bool = False) -> None:
        self._as_planes = as_planes
        self._reformatter = VideoReformatter()

    def shown(self, picture: Any, turn: Turn) -> Pixels | PlanarPicture:
        """Its planes, where they were asked for and can be converted elsewhere as here; else its pixels.

        Raises UnreadableMedia.
        """
        planes_format = _plane_format(picture, turn) if self._as_planes else None
        if planes_format is None:
            return self._pixels(picture, turn)
        luma, cb, cr = _planes(picture)
        return PlanarPicture(planes_format, luma, cb, cr, partial(self._pixels, picture, turn))

    def _pixels(self, picture: Any, turn: Turn) -> Pixels:
        """(height, width, 3) RGB by the stream's own colour matrix and range, turned as the picture is shown."""
        refuse_giant(picture.width, picture.height)
        try:
            pixels = _converted(self._reformatter, _woven(picture))
        except av.FFmpegError as error:
            reason = f"{picture.format.name} cannot be converted to pixels: {error}"
            raise UnreadableMedia(f"a picture in {reason}; {RE_ENCODE}") from error
        return turn.applied(pixels)


def turn_of(picture: Any) -> Turn:
    """How the picture is turned and mirrored when it is shown. Raises UnreadableMedia."""
    return _turn(_matrix(picture))


def _converted(reformatter: Any, picture: Any) -> Pixels:
    """(height, width, 3) RGB as the picture is stored. Raises FFmpegError."""
    shown = reformatter.reformat(picture, format="rgb24", interpolation="BICUBIC")
    return _rows(shown.planes[0], shown.height, 3 * shown.width).reshape(shown.height, shown.width, 3)


def _rows(plane: Any, height: int, width: int) -> Pixels:
    return np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[:height, :width]


def _planes(picture: Any) -> list[Pixels]:
    """Luma, Cb and Cr of 4:2:0, in the decoder's memory."""
    height, width = picture.height, picture.width
    sizes = ((height, width), (height // 2, width // 2), (height // 2, width // 2))
    return [_rows(plane, *size) for plane, size in zip(picture.planes, sizes, strict=True)]


def _plane_format(picture: Any, turn: Turn) -> PlaneFormat | None:
    """None where only FFmpeg's own conversion will do."""
    width, height = picture.width, picture.height
    is_plain = picture.format.name in _PLANAR_FORMATS and not picture.interlaced_frame
    if not is_plain or width % 2 or height % 2 or not 0 < width * height <= MAX_FRAME_PIXELS:
        return None
    if any(plane.line_size <= 0 for plane in picture.planes):
        return None
    colours = _colours(picture.format.name, tuple((name, getattr(picture, name, None)) for name in _COLOUR_TAGS))
    return PlaneFormat(width, height, colours, turn) if colours else None


@lru_cache(maxsize=128)
def _colours(pixel_format: str, tags: tuple[tuple[str, int | None], ...]) -> Colours | None:
    """How this FFmpeg converts pictures that are marked so, by trying; None if in a way that is none of ours."""
    from detector.io.video import colour_match  # imports torch, which reading alone does not need

    def converted(luma: Pixels, cb: Pixels, cr: Pixels) -> Pixels:
        picture = av.VideoFrame(luma.shape[1], luma.shape[0], pixel_format)
        for plane, values in zip(picture.planes, (luma, cb, cr), strict=True):
            rows = np.zeros((plane.height, plane.line_size), np.uint8)
            rows[:, : values.shape[1]] = values
            plane.update(rows)
        for name, value in tags:
            if value not in (None, getattr(picture, name)):
                setattr(picture, name, value)
        return _converted(VideoReformatter(), picture)

    try:
        return colour_match.found(converted)
    except (av.FFmpegError, AttributeError, ValueError):
        return None


def _woven(picture: Any) -> Any:
    """The picture itself, or an interlaced one's two fields as one progressive picture.

    FFmpeg's scaler would convert each field by itself and take the colours of its neighbours from the same field, which
    the ffmpeg program does not; PyAV cannot clear the mark, so the planes are copied.
    """
    if not picture.interlaced_frame:
        return picture
    woven = av.VideoFrame(picture.width, picture.height, picture.format.name)
    for source, target in zip(picture.planes, woven.planes, strict=True):
        rows, into = (np.frombuffer(each, np.uint8).reshape(-1, each.line_size) for each in (source, target))
        height, width = min(len(rows), len(into)), min(source.line_size, target.line_size)
        into[:height, :width] = rows[:height, :width]
    woven.colorspace, woven.color_range = picture.colorspace, picture.color_range
    return woven


def _matrix(picture: Any) -> _DisplayMatrix | None:
    """Raises UnreadableMedia."""
    try:
        found = picture.side_data.get("DISPLAYMATRIX")
    except ValueError as error:  # PyAV has no name for the Exif that FFmpeg finds in a JPEG, and gives nothing then
        if picture.rotation:
            reason = "its pictures' Exif says that they are turned, and PyAV does not tell in which of two ways"
            raise UnreadableMedia(f"{reason}; turn them: ffmpeg -i IN -c:v libx264 -pix_fmt yuv420p OUT.mp4") from error
        found = None
    if found is None:
        return None
    cells = np.frombuffer(found, np.int32) / float(1 << 16)
    return float(cells[0]), float(cells[1]), float(cells[3]), float(cells[4])


def _turn(matrix: _DisplayMatrix | None) -> Turn:
    """One of the eight ways to turn and mirror a picture, as FFmpeg's autorotation does. Raises UnreadableMedia."""
    if matrix is None or not any(matrix):
        return Turn()
    a, b, c, d = matrix
    upright, across = max(abs(a), abs(d)), max(abs(b), abs(c))
    if min(upright, across) > _LEVEL_SINE * max(upright, across):
        raise UnreadableMedia(
            "the video is shown turned by an angle that is no multiple of 90 degrees (its display matrix); turn its "
            "pictures: ffmpeg -i IN -c:v libx264 -pix_fmt yuv420p OUT.mp4"
        )
    if across > upright:
        a, d = c, b
    return Turn(across > upright, d < 0, a < 0)
