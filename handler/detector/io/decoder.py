"""Every N-th picture of an H.264 clip without decoding all the others: with PyAV, where it is installed.

Owns: decoding by a plan (`gops`), and the proof that what comes out is what OpenCV would have given: the first picture
is compared pixel by pixel, every picture's time stamp is one that was asked for, and none is missing. Whatever does not
fit raises CannotSkip, and the caller goes on with OpenCV. May not: be the only way to read a clip.

Within a group that is decoded, pictures that no other refers to are skipped unless they are wanted (`skip_frame`). Only
H.264 tells them apart for certain: in HEVC the lower layers of a stream may refer to them.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from detector.core.frames import Frame, Pixels
from detector.core.opencv import OPEN_OPTIONS
from detector.io.gops import CannotSkip, PacketRecord, Plan, holds_idr, length_size, plan

av: Any
try:
    import av
except ImportError:
    av = None

_CONTAINERS = ("mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "mpegts")
_PIXEL_FORMATS = ("yuv420p", "yuvj420p")
_MOST_THREADS = 16  # FFmpeg's own limit; each thread holds a picture or more
# Of the first picture's values: in a flat one, different conversions of colours look the same.
_LEAST_DEVIATION = 4.0


def sampled(path: str, frame_interval: int) -> Iterator[Frame]:
    """Frames 0, N, 2N..., to be `checked`. Raises CannotSkip rather than give a wrong one."""
    if av is None or frame_interval == 1:
        raise CannotSkip("PyAV is not installed" if av is None else "every frame is wanted")
    try:
        with _opened(path) as (container, stream):
            planned = _planned(container, stream, frame_interval)
            container.seek(0)
            yield from _decoded(container, stream, planned)
    except av.FFmpegError as error:
        raise CannotSkip(f"FFmpeg says {error}") from error


def checked(frames: Iterator[Frame], first: Pixels) -> Iterator[Frame]:
    """The same frames, if they begin with `first`, OpenCV's picture of frame 0; else raises CannotSkip."""
    frame = next(frames)
    if first[::8, ::8].std() < _LEAST_DEVIATION:
        raise CannotSkip("the first picture is too flat to compare")
    if not np.array_equal(frame.pixels, first):
        raise CannotSkip("PyAV's first picture is not OpenCV's")
    yield frame
    yield from frames


def _planned(container: Any, stream: Any, frame_interval: int) -> Plan:
    size = length_size(stream.codec_context.extradata)
    return plan([_record(packet, size) for packet in _packets(container, stream)], frame_interval)


def _packets(container: Any, stream: Any) -> Iterator[Any]:
    """Without the empty one that PyAV ends with."""
    return (packet for packet in container.demux(stream) if packet.size)


def _record(packet: Any, size: int | None) -> PacketRecord:
    begins = bool(packet.is_keyframe) and holds_idr(bytes(packet), size)
    return PacketRecord(packet.pts, begins, not (packet.is_corrupt or packet.is_discard))


def _decoded(container: Any, stream: Any, planned: Plan) -> Iterator[Frame]:
    """Reads the packets once more, from the start."""
    left = dict(planned.wanted)
    origin, decoder = min(left), stream.codec_context
    packets = itertools.zip_longest(_packets(container, stream), planned.stamps, planned.is_needed)
    for packet, stamp, is_needed in packets:
        if packet is None or packet.pts != stamp:
            raise CannotSkip("the packets are others on a second reading")
        if is_needed:
            decoder.skip_frame = "DEFAULT" if stamp in planned.wanted else "NONREF"
            yield from _wanted(decoder.decode(packet), left, origin, stream.time_base)
        if len(left) == 0:
            return
    yield from _wanted(decoder.decode(None), left, origin, stream.time_base)
    if left:
        raise CannotSkip(f"{len(left)} pictures did not come")


def _wanted(pictures: list[Any], left: dict[int, int], origin: int, time_base: Any) -> Iterator[Frame]:
    for picture in pictures:
        index = left.pop(picture.pts, None)
        if index is not None:
            if picture.is_corrupt:
                raise CannotSkip(f"picture {index} is corrupt")
            yield Frame(index, float((picture.pts - origin) * time_base), _pixels(picture), is_bgr=True)


def _pixels(picture: Any) -> Pixels:
    return np.asarray(picture.to_ndarray(format="bgr24"), np.uint8)


@contextmanager
def _opened(path: str) -> Iterator[tuple[Any, Any]]:
    """The container and its video stream, if they are of a kind that this works with; else CannotSkip."""
    _take_python_out_of_the_log()
    with av.open(path, options=dict(OPEN_OPTIONS)) as container:
        streams = container.streams.video
        if container.format.name not in _CONTAINERS or len(streams) != 1:
            raise CannotSkip(f"a {container.format.name} file with {len(streams)} video streams")
        decoder = streams[0].codec_context
        if decoder.name != "h264" or decoder.pix_fmt not in _PIXEL_FORMATS or decoder.width % 2 or decoder.height % 2:
            raise CannotSkip(f"{decoder.name} in {decoder.pix_fmt}, {decoder.width} x {decoder.height}")
        streams[0].thread_type = "AUTO"
        decoder.thread_count = _thread_count()
        yield container, streams[0]


def _thread_count() -> int:
    """One for each core. FFmpeg by itself takes one more (libavcodec/pthread.c): a sixth of the speed on two cores."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, _MOST_THREADS)


def _take_python_out_of_the_log() -> None:
    """Let FFmpeg's threads never wait for the interpreter.

    `torchvision.io` sets PyAV's log level when it is imported, and from then on every error that a decoder's thread
    reports calls Python. A decoder that is closed before its end waits for its threads while it holds the
    interpreter, and they wait for the interpreter: the worker hangs for good.
    """
    av.logging.set_level(None)
