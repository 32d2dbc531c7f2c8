"""PyAV, FFmpeg for Python: packets, decoded pictures and their pixels. The only module that speaks with it.

Owns: which stream of a file is the video, how a decoder is set up, the woven pixels of a picture in RGB, its planes
where another may convert them, and the orientation in which it is shown. May not: know which frames are wanted, or
what a packet that fails means (`sampling`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache, partial
from typing import Any

import numpy as np

from detector.core.errors import UnreadableMedia
from detector.core.opencv import MAX_FRAME_PIXELS, OPEN_OPTIONS
from detector.core.planes import Colours, Pixels, PlanarPicture, PlaneFormat, Turn
from detector.io.video import colour_match
from detector.io.video.containers import RE_ENCODE, Unopened
from detector.speed import threads

av: Any
try:
    import av
    from av.video.reformatter import VideoReformatter
except ImportError:
    av = None

# What PyAV raises for a packet that cannot be decoded, or a file that cannot be read on.
DecodingError: type[Exception] = av.FFmpegError if av else OSError

_PLANAR_FORMATS = ("yuv420p", "yuvj420p")
# What a picture is marked with and FFmpeg's conversion may look at.
_COLOUR_TAGS = ("colorspace", "color_range", "color_trc", "color_primaries")
_MOST_THREADS = 16  # FFmpeg's own limit; each thread holds a picture or more
# In a display matrix 1.0 is 1 << 16; FFmpeg shows a picture upright that is turned by less than a degree.
_LEVEL_SINE = 0.0175


class Source:
    """An opened file and its first video stream; attached pictures (cover art) are none."""

    def __init__(self, container: Any, stream: Any, as_planes: bool = False) -> None:
        self._container = container
        self._as_planes = as_planes
        self._reformatter = VideoReformatter()
        self.stream = stream
        self.decoder = stream.codec_context

    @property
    def container_format(self) -> str:
        return str(self._container.format.name)

    @property
    def video_stream_count(self) -> int:
        return len(self._container.streams.video)

    @property
    def start_seconds(self) -> float:
        return (self._container.start_time or 0) / 1e6

    def seconds_of(self, pts: int | None) -> float | None:
        return None if pts is None else float(pts * self.stream.time_base)

    @property
    def frame_seconds(self) -> float:
        rate = self.stream.average_rate or self.stream.guessed_rate
        return float(1 / rate) if rate and 0.01 < rate < 1000 else 1 / 25

    @property
    def declared_frame_count(self) -> int | None:
        """What the container says, or lets estimate by its duration."""
        if self.stream.frames > 0:
            return int(self.stream.frames)
        if self._container.duration and self._container.duration > 0:
            return round(self._container.duration / 1e6 / self.frame_seconds) or None
        return None

    @property
    def declared_seconds(self) -> float | None:
        """The container's whole length, where its header states one; others are only estimated."""
        states_it = self.container_format in ("matroska,webm", "flv")
        return self._container.duration / 1e6 if states_it and self._container.duration else None

    def packets(self) -> Iterator[Any]:
        """In decoding order, from where the file is read now, without the empty one that PyAV ends with."""
        return (packet for packet in self._container.demux(self.stream) if packet.size)

    def rewound(self, thread_count: int | None = None) -> bool:
        """Whether the file is read from its start again, which not every container can do exactly.

        Saves a second opening, for which FFmpeg decodes a picture. Only before anything is decoded.
        """
        if self.container_format not in ("mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm"):
            return False
        self._container.seek(0)
        self.decoder.thread_count = thread_count or _one_more_than_cores()
        return True

    def packets_of_all_streams(self) -> Iterator[Any]:
        return (packet for packet in self._container.demux() if packet.size)

    def shown(self, picture: Any) -> Pixels | PlanarPicture:
        """The picture's planes, where they were asked for and can be converted elsewhere as here; else its pixels."""
        planes_format = _plane_format(picture) if self._as_planes else None
        if planes_format is None:
            return self.pixels(picture)
        luma, cb, cr = _planes(picture)
        return PlanarPicture(planes_format, luma, cb, cr, partial(self.pixels, picture))

    def pixels(self, picture: Any) -> Pixels:
        """(height, width, 3) RGB by the stream's own colour matrix and range, turned as the picture is shown."""
        if picture.width * picture.height > MAX_FRAME_PIXELS:
            raise _giant(picture.width, picture.height)
        try:
            pixels = _converted(self._reformatter, _woven(picture))
        except av.FFmpegError as error:
            reason = f"{picture.format.name} cannot be converted to pixels: {error}"
            raise UnreadableMedia(f"a picture in {reason}; {RE_ENCODE}") from error
        return _turn(_matrix(picture)).applied(pixels)


@contextmanager
def opened(
    path: str, *, exactly: bool = False, thread_count: int | None = None, as_planes: bool = False
) -> Iterator[Source]:
    """Raises Unopened. With `exactly`, an error of the decoder is one of the very packet it was given.

    Otherwise FFmpeg decodes several frames at once, and tells of an error some packets later, or not at all where a
    picture comes out with it. The default for `thread_count` is one more than this worker has cores, 16 at most.
    """
    _take_python_out_of_the_log()
    try:
        container = av.open(path, options=dict(OPEN_OPTIONS), metadata_errors="replace")
    except (av.FFmpegError, ValueError) as error:
        raise Unopened(str(error)) from error
    with container:
        stream = next((each for each in container.streams.video if not _is_cover_art(each)), None)
        if stream is None or stream.codec_context is None:
            raise Unopened("no video stream that can be decoded")
        decoder = stream.codec_context
        if decoder.width * decoder.height > MAX_FRAME_PIXELS:
            raise _giant(decoder.width, decoder.height)
        stream.thread_type = "SLICE" if exactly else "AUTO"
        decoder.thread_count = thread_count or _one_more_than_cores()
        yield Source(container, stream, as_planes)


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


def _plane_format(picture: Any) -> PlaneFormat | None:
    """None where only FFmpeg's own conversion will do. Raises UnreadableMedia for an odd angle, as `pixels` does."""
    width, height = picture.width, picture.height
    is_plain = picture.format.name in _PLANAR_FORMATS and not picture.interlaced_frame
    if not is_plain or width % 2 or height % 2 or not 0 < width * height <= MAX_FRAME_PIXELS:
        return None
    if any(plane.line_size <= 0 for plane in picture.planes):
        return None
    colours = _colours(picture.format.name, tuple((name, getattr(picture, name, None)) for name in _COLOUR_TAGS))
    return PlaneFormat(width, height, colours, _turn(_matrix(picture))) if colours else None


@lru_cache(maxsize=128)
def _colours(pixel_format: str, tags: tuple[tuple[str, int | None], ...]) -> Colours | None:
    """How this FFmpeg converts pictures that are marked so, by trying; None if in a way that is none of ours."""

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


def _giant(width: int, height: int) -> UnreadableMedia:
    return UnreadableMedia(f"frames of {width} x {height} are larger than the {MAX_FRAME_PIXELS} pixels allowed")


def _is_cover_art(stream: Any) -> bool:
    return bool(stream.disposition & type(stream.disposition).attached_pic)


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


def _matrix(picture: Any) -> tuple[float, float, float, float] | None:
    """(a, b, c, d) of the display matrix: a source pixel (x, y) is shown at (ax + cy, bx + dy), y downwards."""
    found = picture.side_data.get("DISPLAYMATRIX")
    if found is None:
        return None
    cells = np.frombuffer(found, np.int32) / float(1 << 16)
    return float(cells[0]), float(cells[1]), float(cells[3]), float(cells[4])


def _turn(matrix: tuple[float, float, float, float] | None) -> Turn:
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


def one_thread_a_core() -> int:
    """Of this worker's share, for skipping: FFmpeg's one more costs a sixth of its speed on two cores."""
    return min(threads.share().count, _MOST_THREADS)


def _one_more_than_cores() -> int:
    """FFmpeg's own rule (libavcodec/pthread.c), for this worker's share: FFmpeg counts all cores of the machine."""
    count = threads.share().count
    return min(count + 1, _MOST_THREADS) if count > 1 else 1


def _take_python_out_of_the_log() -> None:
    """Let FFmpeg's threads never wait for the interpreter.

    `torchvision.io` sets PyAV's log level when it is imported, and from then on every error that a decoder's thread
    reports calls Python. A decoder that is closed before its end waits for its threads while it holds the
    interpreter, and they wait for the interpreter: the worker hangs for good.
    """
    av.logging.set_level(None)
