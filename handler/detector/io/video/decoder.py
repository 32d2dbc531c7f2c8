"""PyAV, FFmpeg for Python: packets, decoded pictures and their pixels. The only module that speaks with it.

Owns: which stream of a file is the video, how a decoder is set up, the woven pixels of a picture in RGB, and the
orientation in which it is shown. May not: know which frames are wanted, or what a packet that fails means (`sampling`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from detector.core.errors import UnreadableMedia
from detector.core.frames import Pixels
from detector.core.opencv import MAX_FRAME_PIXELS, OPEN_OPTIONS
from detector.io.video.containers import RE_ENCODE, Unopened, is_finished_avi

av: Any
try:
    import av
    from av.video.reformatter import VideoReformatter
except ImportError:
    av = None

# What PyAV raises for a packet that cannot be decoded, or a file that cannot be read on.
DecodingError: type[Exception] = av.FFmpegError if av else OSError

_MOST_THREADS = 16  # FFmpeg's own limit; each thread holds a picture or more
# In a display matrix 1.0 is 1 << 16; FFmpeg shows a picture upright that is turned by less than a degree.
_LEVEL_SINE = 0.0175


class Source:
    """An opened file and its first video stream; attached pictures (cover art) are none."""

    def __init__(self, container: Any, stream: Any) -> None:
        self._container = container
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
        return (packet for packet in self._container.demux(self.stream) if packet.size)

    def rewound(self, thread_count: int) -> bool:
        """Whether the file is read from its start again, which not every container can do exactly.

        Saves a second opening, for which FFmpeg decodes a picture. Only before anything is decoded.
        """
        if self.container_format not in ("mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm"):
            return False
        self._container.seek(0)
        self.decoder.thread_count = thread_count
        return True

    def packets_of_all_streams(self) -> Iterator[Any]:
        return (packet for packet in self._container.demux() if packet.size)

    def pixels(self, picture: Any) -> Pixels:
        """(height, width, 3) RGB by the stream's own colour matrix and range, turned as the picture is shown."""
        if picture.width * picture.height > MAX_FRAME_PIXELS:
            raise _giant(picture.width, picture.height)
        try:
            shown: Any = self._reformatter.reformat(_woven(picture), format="rgb24", interpolation="BICUBIC")
        except av.FFmpegError as error:
            reason = f"{picture.format.name} cannot be converted to pixels: {error}"
            raise UnreadableMedia(f"a picture in {reason}; {RE_ENCODE}") from error
        plane = shown.planes[0]
        rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: shown.height, : 3 * shown.width]
        return _oriented(rows.reshape(shown.height, shown.width, 3), _matrix(picture))


@contextmanager
def opened(path: str, *, exactly: bool = False, thread_count: int = 0) -> Iterator[Source]:
    """Raises Unopened. With `exactly`, an error of the decoder is one of the very packet it was given.

    Otherwise FFmpeg decodes several frames at once, and tells of an error some packets later, or not at all where a
    picture comes out with it. `thread_count` 0 leaves the number to FFmpeg: one more than there are cores, 16 at most.
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
        decoder.thread_count = thread_count
        yield Source(container, stream)


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


def _oriented(pixels: Pixels, matrix: tuple[float, float, float, float] | None) -> Pixels:
    """One of the eight ways to turn and mirror a picture, as FFmpeg's autorotation does. Raises UnreadableMedia."""
    if matrix is None or not any(matrix):
        return pixels
    a, b, c, d = matrix
    upright, across = max(abs(a), abs(d)), max(abs(b), abs(c))
    if min(upright, across) > _LEVEL_SINE * max(upright, across):
        raise UnreadableMedia(
            "the video is shown turned by an angle that is no multiple of 90 degrees (its display matrix); turn its "
            "pictures: ffmpeg -i IN -c:v libx264 -pix_fmt yuv420p OUT.mp4"
        )
    if across > upright:
        pixels, a, d = pixels.transpose(1, 0, 2), c, b
    return np.ascontiguousarray(pixels[:: -1 if d < 0 else 1, :: -1 if a < 0 else 1])


def one_thread_a_core() -> int:
    """For skipping: FFmpeg's one more (libavcodec/pthread.c) costs a sixth of its speed on two cores."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, _MOST_THREADS)


def _take_python_out_of_the_log() -> None:
    """Let FFmpeg's threads never wait for the interpreter.

    `torchvision.io` sets PyAV's log level when it is imported, and from then on every error that a decoder's thread
    reports calls Python. A decoder that is closed before its end waits for its threads while it holds the
    interpreter, and they wait for the interpreter: the worker hangs for good.
    """
    av.logging.set_level(None)
