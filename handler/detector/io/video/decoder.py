"""PyAV, FFmpeg for Python: opened files, their packets, and the decoder. Only this module and `pixels` use it.

Owns: whether PyAV is used at all, which stream of a file is the video, and how its decoder is set up. May not: know
which frames are wanted, or what a packet that fails means (`sampling`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from detector.core import proved
from detector.core.frames import Frame
from detector.core.opencv import OPEN_OPTIONS
from detector.io.video import pixels
from detector.io.video.containers import Unopened, frame_seconds, is_finished_avi, refuse_giant
from detector.io.video.pixels import Converter
from detector.speed import threads

av: Any
try:
    import av
except ImportError:
    av = None
# The version of a PyAV that is installed and was not proved: it is not used.
unproved = str(av.__version__) if av and proved.entry(proved.PYAV, av.__version__) is None else ""
if unproved:
    av = None

# What PyAV raises for a packet that cannot be decoded, or a file that cannot be read on.
DecodingError: type[Exception] = av.FFmpegError if av else OSError

_MOST_THREADS = 16  # FFmpeg's own limit; each thread holds a picture or more


class Source:
    """An opened file and the one of its streams that is the video; attached pictures (cover art) are none."""

    def __init__(self, container: Any, stream: Any, as_planes: bool = False) -> None:
        self._container = container
        self._converter = Converter(as_planes)
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
        return frame_seconds(float(self.stream.average_rate or self.stream.guessed_rate or 0))

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
        """Raises UnreadableMedia."""
        turn = pixels.turn_of(picture)
        ratio = self.stream.sample_aspect_ratio
        aspect = float(ratio) if ratio and ratio > 0 else 1.0
        if turn.is_transposed:
            aspect = 1 / aspect
        return Frame(index, pts_seconds, self._converter.shown(picture, turn), False, aspect)


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
        refuse_giant(decoder.width, decoder.height)
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


def _is_cover_art(stream: Any) -> bool:
    return bool(stream.disposition & type(stream.disposition).attached_pic)


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
