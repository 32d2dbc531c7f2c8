"""PyAV: a file's packets in decoding order, and what only a decoded picture tells. The only module that speaks with it.

Owns: which stream is the video, and how PyAV is asked. A file is given to it
opened: its name means nothing to FFmpeg (`%d` would be a row of pictures), and it opens no other file. May not: know
what is due.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

import av
import numpy as np
from numpy.typing import NDArray

from harness.cases.footage.codecs import Reader
from harness.cases.footage.packets import Packet

_READ_BYTES = 1 << 20
# No protocol has this name; the file itself comes through none.
_OPENS_NOTHING_ELSE = {"protocol_whitelist": "none"}


class Unread(Exception):
    """The file is none that FFmpeg opens, holds no video, or cannot be read to its end; it says why."""


@dataclass(frozen=True)
class Attempt:
    """One packet given to a decoder: the pictures that came, or that it failed. `packet` is None at the end."""

    seconds: float | None
    pictures: tuple[Any, ...]
    is_failure: bool
    is_key: bool
    is_hidden: bool


@dataclass(frozen=True)
class Shape:
    """The first picture that can be decoded, in pixels, turned as it is shown; how much wider than high a pixel is."""

    width: int
    height: int
    pixel_aspect: float


class Source:
    """An opened file and its video stream; it is read once, for its packets or for its pictures."""

    def __init__(self, container: Any, stream: Any) -> None:
        self._container = container
        self._stream = stream
        self.reach_seconds = 0.0
        """How far the packets of all streams go, once they have been read."""

    @property
    def codec(self) -> str:
        return str(self._stream.codec_context.codec.canonical_name)

    @property
    def extradata(self) -> bytes:
        return bytes(self._stream.codec_context.extradata or b"")

    @property
    def frame_seconds(self) -> float:
        """One frame's time by the container's rate, a 25th of a second where it has none that can be."""
        rate = self._stream.average_rate or self._stream.guessed_rate
        return float(1 / rate) if rate and 0.01 < rate < 1000 else 1 / 25

    @property
    def pixel_aspect(self) -> float:
        """How many times as wide as high a pixel is shown, before the picture is turned."""
        return float(self._stream.sample_aspect_ratio or 1) or 1.0

    @property
    def declared_frame_count(self) -> int:
        """What the container counts, edit lists not regarded; 0 where it does not."""
        return int(self._stream.frames)

    @property
    def declared_seconds(self) -> float:
        """The whole length, where the container's header states one (Matroska, FLV); 0 elsewhere."""
        states_it = self._container.format.name in ("matroska,webm", "flv")
        return (self._container.duration or 0) / 1e6 if states_it else 0.0

    def packets(self, read: Reader) -> Iterator[Packet]:
        start = (self._container.start_time or 0) / 1e6
        for packet in _packets(self._container):
            if packet.pts is not None:
                end = float((packet.pts + (packet.duration or 0)) * packet.time_base) - start
                self.reach_seconds = max(self.reach_seconds, end)
            if packet.stream_index == self._stream.index:
                yield self._packet(packet, read)

    def _packet(self, packet: Any, read: Reader) -> Packet:
        return Packet(
            self.seconds_of(packet.pts),
            self.seconds_of(packet.dts),
            bool(packet.is_keyframe),
            bool(packet.is_discard),
            read(bytes(packet)),
        )

    def seconds_of(self, stamp: int | None) -> float | None:
        return None if stamp is None else float(stamp * self._stream.time_base)

    def attempts(self) -> Iterator[Attempt]:
        """Decodes packet by packet, in one thread, so that an error is one of the very packet that was given."""
        decoder = self._stream.codec_context
        decoder.thread_type, decoder.thread_count = "NONE", 1
        for packet in chain(_packets(self._container, self._stream), [None]):
            try:
                pictures, is_failure = tuple(decoder.decode(packet)), False
            except av.FFmpegError:
                pictures, is_failure = (), True
            if packet is None:
                yield Attempt(None, pictures, is_failure=False, is_key=False, is_hidden=True)
            else:
                at = self.seconds_of(packet.pts)
                yield Attempt(at, pictures, is_failure, bool(packet.is_keyframe), bool(packet.is_discard))


@contextmanager
def opened(path: Path) -> Iterator[Source]:
    """Raises Unread, then or while the file is read."""
    try:
        with path.open("rb") as file, _container(_Seekable(file)) as container:
            stream = _video(container)
            if stream is None:
                raise Unread("no video stream that FFmpeg knows")
            yield Source(container, stream)
    except (av.FFmpegError, ValueError, OSError) as error:
        raise Unread(str(error)) from error


def _video(container: Any) -> Any:
    """The stream that is the video by docs/media.md: the largest, where being the default counts 5,000,000 pixels."""
    streams = [each for each in container.streams.video if each.codec_context is not None]
    return max((each for each in streams if not _is(each, "attached_pic")), key=_rank, default=None)


def _rank(stream: Any) -> int:
    return int(stream.codec_context.width * stream.codec_context.height) + 5_000_000 * _is(stream, "default")


def _is(stream: Any, disposition: str) -> bool:
    return bool(stream.disposition & getattr(type(stream.disposition), disposition))


def _packets(container: Any, *streams: Any) -> Iterator[Any]:
    """Without the empty ones that PyAV ends with; of all streams, if none is given.

    Behind the last packet PyAV 18 looks up streams that began midway among those of the beginning: an IndexError.
    """
    packets = container.demux(*streams)
    while True:
        try:
            packet = next(packets)
        except (StopIteration, IndexError):
            return
        if packet.size:
            yield packet


class _Seekable:
    """A file for PyAV, which prints a traceback where a damaged file makes FFmpeg seek before its beginning."""

    def __init__(self, file: BinaryIO) -> None:
        self.read, self.tell = file.read, file.tell
        self._seek = file.seek

    def seek(self, offset: int, whence: int = 0) -> int:
        """The new place, or -1: there is none such."""
        try:
            return self._seek(offset, whence)
        except (OSError, ValueError):
            return -1


def _container(file: _Seekable) -> Any:
    """A JPEG is asked for as a stream of pictures here: FFmpeg would see the first alone."""
    form = "mjpeg" if file.read(3) == b"\xff\xd8\xff" else None
    file.seek(0)
    options = dict(_OPENS_NOTHING_ELSE)
    return av.open(file, format=form, options=options, metadata_errors="replace", buffer_size=_READ_BYTES)


def first_shape(path: Path) -> Shape | None:
    """None where no picture can be decoded. PyAV hands out the display matrix with a picture only."""
    with opened(path) as source:
        for attempt in source.attempts():
            for picture in attempt.pictures:
                width, height, aspect = int(picture.width), int(picture.height), source.pixel_aspect
                is_on_its_side = _is_on_its_side(picture)
                return Shape(height, width, 1 / aspect) if is_on_its_side else Shape(width, height, aspect)
    return None


def _is_on_its_side(picture: Any) -> bool:
    """A picture's rows are shown as columns."""
    a, b, c, d = _matrix(picture)
    return max(abs(b), abs(c)) > max(abs(a), abs(d))


def _matrix(picture: Any) -> tuple[int, int, int, int]:
    """(a, b, c, d) of the display matrix, whose rows are (a, b, u), (c, d, v), (x, y, w). Raises Unread."""
    try:
        found = picture.side_data.get("DISPLAYMATRIX")
    except ValueError as error:  # PyAV has no name for the Exif that FFmpeg finds in a JPEG, and gives nothing then
        if picture.rotation:
            raise Unread("its pictures are turned by their Exif, in which of two ways PyAV does not tell") from error
        found = None
    cells = memoryview(bytes(found)).cast("i") if found is not None else (1, 0, 0, 0, 1)
    return cells[0], cells[1], cells[3], cells[4]


def pixels(picture: Any) -> NDArray[np.uint8]:
    """(height, width, 3) RGB, turned and mirrored as the picture is shown."""
    rows: NDArray[np.uint8] = picture.to_ndarray(format="rgb24")
    a, b, c, d = _matrix(picture)
    if _is_on_its_side(picture):
        rows, a, d = rows.transpose(1, 0, 2), c, b
    return np.ascontiguousarray(rows[:: -1 if d < 0 else 1, :: -1 if a < 0 else 1])
