"""PyAV, FFmpeg for Python: packets, decoded pictures and their pixels. The only module that speaks with it.

Owns: which stream of a file is the video, how a decoder is set up, the woven pixels of a picture in RGB, its planes
where another may convert them, and the orientation in which it is shown. May not: know which frames are wanted, or
what a packet that fails means (`sampling`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from detector.core import proved
from detector.core.errors import UnreadableMedia
from detector.core.frames import Frame
from detector.core.opencv import MAX_FRAME_PIXELS, OPEN_OPTIONS
from detector.core.planes import Colours, Pixels, PlanarPicture, PlaneFormat, Turn
from detector.io.video.containers import RE_ENCODE, Unopened, is_finished_avi
from detector.speed import threads

av: Any
try:
    import av
    from av.video.reformatter import VideoReformatter
except ImportError:
    av = None
# The version of a PyAV that is installed and was not proved: it is not used.
unproved = str(av.__version__) if av and proved.entry(proved.PYAV, av.__version__) is None else ""
if unproved:
    av = None

# What PyAV raises for a packet that cannot be decoded, or a file that cannot be read on.
DecodingError: type[Exception] = av.FFmpegError if av else OSError

_PLANAR_FORMATS = ("yuv420p", "yuvj420p")
# What a picture is marked with and FFmpeg's conversion may look at.
_COLOUR_TAGS = ("colorspace", "color_range", "color_trc", "color_primaries")
# Of AVPictureType: P, B, S (MPEG-4) and SP.
_REFERRING = (2, 3, 4, 6)
_MOST_THREADS = 16  # FFmpeg's own limit; each thread holds a picture or more
# (a, b, c, d) of a display matrix: a source pixel (x, y) is shown at (ax + cy, bx + dy), y downwards.
Matrix = tuple[float, float, float, float]
# In a display matrix 1.0 is 1 << 16; FFmpeg shows a picture upright that is turned by less than a degree.
_LEVEL_SINE = 0.0175


class Source:
    """An opened file and the one of its streams that is the video; attached pictures (cover art) are none."""

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
    def counted_from_seconds(self) -> float:
        """The time stamp from which `declared_seconds` counts: 0 in a late Matroska file, else the first."""
        start = (self._container.start_time or 0) / 1e6
        return min(start, 0.0) if self.container_format == "matroska,webm" else start

    def seconds_of(self, pts: int | None) -> float | None:
        return None if pts is None else float(pts * self.stream.time_base)

    def is_of(self, picture: Any, stamp: int) -> bool:
        """Whether the picture has that time stamp. An AVI stamps its packets in decoding order, so with B-frames a
        picture has that of another; there the next picture has the next time stamp, whatever FFmpeg says.
        """
        return picture.pts == stamp or self.container_format == "avi"

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
        """The container's whole length, or an AVI's video's, where its header states one; others are only estimated."""
        if self.container_format == "avi":
            with Path(self._container.name).open("rb") as file:
                is_stated = bool(self.stream.duration) and is_finished_avi(file.read(8))
            return float(self.stream.duration * self.stream.time_base) if is_stated else None
        states_it = self.container_format in ("matroska,webm", "flv")
        return self._container.duration / 1e6 if states_it and self._container.duration else None

    def packets(self) -> Iterator[Any]:
        """In decoding order, from where the file is read now, without the empty one that PyAV ends with."""
        return _packets(self._container, self.stream)

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
        return _packets(self._container)

    def frame(self, index: int, pts_seconds: float, picture: Any) -> Frame:
        """Its planes, where they were asked for and can be converted elsewhere as here; else its pixels.

        Raises UnreadableMedia.
        """
        turn = _turn(_matrix(picture))
        ratio = self.stream.sample_aspect_ratio
        aspect = float(ratio) if ratio and ratio > 0 else 1.0
        return Frame(
            index, pts_seconds, self._shown(picture, turn), False, 1 / aspect if turn.is_transposed else aspect
        )

    def _shown(self, picture: Any, turn: Turn) -> Pixels | PlanarPicture:
        planes_format = _plane_format(picture, turn) if self._as_planes else None
        if planes_format is None:
            return self._pixels(picture, turn)
        luma, cb, cr = _planes(picture)
        return PlanarPicture(planes_format, luma, cb, cr, partial(self._pixels, picture, turn))

    def _pixels(self, picture: Any, turn: Turn) -> Pixels:
        """(height, width, 3) RGB by the stream's own colour matrix and range, turned as the picture is shown."""
        if picture.width * picture.height > MAX_FRAME_PIXELS:
            raise _giant(picture.width, picture.height)
        try:
            pixels = _converted(self._reformatter, _woven(picture))
        except av.FFmpegError as error:
            reason = f"{picture.format.name} cannot be converted to pixels: {error}"
            raise UnreadableMedia(f"a picture in {reason}; {RE_ENCODE}") from error
        return turn.applied(pixels)


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
        container = av.open(path, format=_format(path), options=dict(OPEN_OPTIONS), metadata_errors="replace")
    except (av.FFmpegError, ValueError) as error:
        raise Unopened(str(error)) from error
    with container:
        stream = _video(container)
        if stream is None:
            raise Unopened("no video stream that can be decoded")
        decoder = stream.codec_context
        if decoder.width * decoder.height > MAX_FRAME_PIXELS:
            raise _giant(decoder.width, decoder.height)
        if decoder.name == "mjpeg":  # else the rest of a picture that is damaged midway is grey, and nothing tells
            decoder.options = {"err_detect": "explode"}
        stream.thread_type = "SLICE" if exactly else "AUTO"
        decoder.thread_count = thread_count or _one_more_than_cores()
        yield Source(container, stream, as_planes)


def _packets(container: Any, *streams: Any) -> Iterator[Any]:
    """Of all streams, if none is given.

    Behind the last packet PyAV looks up streams that began midway among those of the beginning: an IndexError.
    """
    packets = container.demux(*streams)
    while True:
        try:
            packet = next(packets)
        except (StopIteration, IndexError):
            return
        if packet.size:
            yield packet


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


def _format(path: str) -> str | None:
    """FFmpeg takes a stream of JPEG pictures for one picture, and pictures' demuxers are not among those allowed."""
    with Path(path).open("rb") as file:
        return "mjpeg" if file.read(3) == b"\xff\xd8\xff" else None


def _video(container: Any) -> Any:
    """The stream that the ffmpeg program takes: the largest, but one that is marked as default before others.

    Source: `map_auto_video` in fftools/ffmpeg_mux_init.c. None without a stream of pictures that can be decoded.
    """
    streams = [each for each in container.streams.video if not _is_cover_art(each) and each.codec_context is not None]
    return max(streams, key=_rank, default=None)


def _rank(stream: Any) -> int:
    is_default = bool(stream.disposition & type(stream.disposition).default)
    return int(stream.codec_context.width * stream.codec_context.height + 5_000_000 * is_default)


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


def stands_alone(picture: Any) -> bool:
    """Whether neither it nor any that is shown later refers to one before it.

    FFmpeg calls the first picture of a slow refresh, which refers to others, a key frame too.
    """
    return bool(picture.key_frame) and picture.pict_type not in _REFERRING


def _matrix(picture: Any) -> Matrix | None:
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


def _turn(matrix: Matrix | None) -> Turn:
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
