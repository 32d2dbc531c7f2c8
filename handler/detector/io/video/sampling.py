"""The sampled frames of a video, by PyAV: with their true places and times, whatever fails to decode.

Owns: which of three ways a clip is decoded, and what a packet that fails means. May not: speak with PyAV (`decoder`).

    skipped    H.264 without the groups of pictures that hold no sampled frame, by a plan of `gops`
    whole      every picture, several at once; each must have the very next time stamp that a packet has, but in AVI
    exact      every packet by itself, so that an error is known to be that of a packet (module `exact`)

A file's packets are read once before any is decoded (`Survey`). Where the pictures of one way are not those that the
packets announce, the next way begins anew and goes on after the last frame that was given.
"""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Any

from detector.core.errors import TruncatedMedia, UnreadableMedia
from detector.core.frames import Frame
from detector.io.video import decoder
from detector.io.video.clock import Clock
from detector.io.video.containers import RE_ENCODE, Reach, Request, Unopened, earliest_end
from detector.io.video.decoder import Source
from detector.io.video.exact import Exact, decoded_one_by_one, waiting_depth
from detector.io.video.gops import (
    CannotSkip,
    PacketRecord,
    Plan,
    holds_idr,
    late,
    length_size,
    plan,
    reorder_depth,
    torn,
)

logger = logging.getLogger(__name__)

_SKIPPED_CONTAINERS = ("mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "mpegts")


class _Doubtful(Exception):
    """The pictures are not those that the packets announce; it says why."""


@dataclass(frozen=True)
class Survey:
    """A file's packets, in decoding order, and what decides how they are decoded."""

    records: tuple[PacketRecord, ...]
    may_skip: str
    """Why not, or empty."""
    sources: list[Source]
    """The file that was surveyed, still open and not decoded yet; or empty."""

    @property
    def stamps(self) -> list[int]:
        """Of the pictures that are shown, in the order in which they are shown. Raises _Doubtful."""
        stamps = [record.pts for record in self.records if not record.is_hidden]
        known = [stamp for stamp in stamps if stamp is not None]
        if len(known) < len(stamps):
            raise _Doubtful("packets without a presentation time")
        return sorted(known)


def sampled(request: Request) -> Generator[Frame, None, None]:
    """Frames 0, N, 2N... Raises Unopened, UnreadableMedia or TruncatedMedia; never ends before the clip does."""
    with decoder.opened(request.path, as_planes=request.as_planes) as source:
        yield from _sampled(request, _surveyed(source))


def _sampled(request: Request, survey: Survey) -> Iterator[Frame]:
    last_index = -1
    for way in (skipped, whole):
        try:
            for frame in way(request, survey):
                if frame.frame_index > last_index:
                    yield frame
                    last_index = frame.frame_index
            return
        except (CannotSkip, _Doubtful, decoder.DecodingError) as reason:
            logger.debug("decoded in another way after frame %d: %s", last_index, reason)
    try:
        yield from (frame for frame in Exact(request, survey.records).frames() if frame.frame_index > last_index)
    except decoder.DecodingError as error:
        raise UnreadableMedia(f"the video cannot be read on after frame {last_index}: {error}; {RE_ENCODE}") from error


def reach(path: str) -> Reach:
    """Decodes to the end, and goes on after what fails; a file that cannot be opened reaches nowhere."""
    try:
        with decoder.opened(path, exactly=True) as source:
            count, last, clock = 0, 0.0, Clock(source.frame_seconds)
            for _, pictures, _ in decoded_one_by_one(source):
                for picture in pictures:
                    count, last = count + 1, clock.at(source.seconds_of(picture.pts))
            return Reach(count, last, source.declared_frame_count)
    except Unopened:
        return Reach()


def surveyed(path: str) -> Survey:
    with decoder.opened(path) as source:
        return replace(_surveyed(source), sources=[])


@contextmanager
def _opened(request: Request, survey: Survey, thread_count: int | None = None) -> Iterator[Source]:
    """The surveyed file itself, once, where it can be rewound."""
    unused = survey.sources.pop() if survey.sources else None
    if unused and unused.rewound(thread_count):
        yield unused
        return
    with decoder.opened(request.path, thread_count=thread_count, as_planes=request.as_planes) as source:
        yield source


def _surveyed(source: Source) -> Survey:
    size = length_size(source.decoder.extradata)
    records, last = [], 0.0
    start = source.counted_from_seconds
    try:
        for packet in source.packets_of_all_streams():
            if packet.pts is not None:
                last = max(last, float((packet.pts + (packet.duration or 0)) * packet.time_base) - start)
            if packet.stream_index == source.stream.index:
                records.append(_record(packet, size, source.decoder.name))
    except decoder.DecodingError as error:
        raise UnreadableMedia(f"the file cannot be read beyond {last:.2f} s: {error}") from error
    declared = source.declared_seconds
    if records and declared and last < earliest_end(declared):
        raise TruncatedMedia(
            f"the clip is damaged or cut: its header declares {declared:.2f} s, and nothing can be found after "
            f"{last:.2f} s. Upload the whole file"
        )
    return Survey(tuple(records), _no_skipping_because(source), [source])


def _record(packet: Any, size: int | None, codec: str) -> PacketRecord:
    begins = bool(packet.is_keyframe) and codec == "h264" and holds_idr(bytes(packet), size)
    return PacketRecord(packet.pts, begins, not packet.is_corrupt, bool(packet.is_discard), bool(packet.is_keyframe))


def _no_skipping_because(source: Source) -> str:
    codec = source.decoder.name
    if codec != "h264":
        return f"the codec is {codec}"
    if source.container_format not in _SKIPPED_CONTAINERS or source.video_stream_count != 1:
        return f"a {source.container_format} file with {source.video_stream_count} video streams"
    return ""


def skipped(request: Request, survey: Survey) -> Iterator[Frame]:
    """Within a group that is decoded, pictures that no other refers to are skipped unless they are wanted.

    Only H.264 tells them apart for certain: in HEVC the lower layers of a stream may refer to them.
    """
    if request.frame_interval == 1:
        raise CannotSkip("every frame is wanted")
    if survey.may_skip:
        raise CannotSkip(survey.may_skip)
    planned = plan(survey.records, request.frame_interval)
    with _opened(request, survey, decoder.one_thread_a_core()) as source:
        yield from _by_plan(source, planned, reorder_depth(survey.records))


def _by_plan(source: Source, planned: Plan, depth: int) -> Iterator[Frame]:
    # In a stream of fields each picture has two packets, so one of the first three has no picture of its own.
    proof = set(planned.stamps[:3])
    origin = min(planned.wanted)
    for picture in late(_checked(_needed(source, planned, proof), planned, proof), depth):
        index = planned.wanted.get(picture.pts)
        if index is not None:
            yield source.frame(index, source.seconds_of(picture.pts - origin) or 0.0, picture)


def _needed(source: Source, planned: Plan, proof: set[int]) -> Iterator[Any]:
    """The pictures of the packets that are needed."""
    tested = frozenset(proof)
    for packet, stamp, is_needed in zip_longest(source.packets(), planned.stamps, planned.is_needed):
        if packet is None or packet.pts != stamp:
            raise CannotSkip("the packets are others on a second reading")
        if is_needed or stamp in tested:
            source.decoder.skip_frame = "DEFAULT" if stamp in planned.wanted or stamp in tested else "NONREF"
            yield from source.decoder.decode(packet)
    yield from source.decoder.decode(None)


def _checked(pictures: Iterator[Any], planned: Plan, proof: set[int]) -> Iterator[Any]:
    """The same pictures. Raises CannotSkip where one is damaged, or a wanted one does not come in its turn."""
    left = sorted(planned.wanted, reverse=True)
    total, origin = len(left), min(planned.wanted)
    for picture in pictures:
        if picture.is_corrupt or picture.interlaced_frame:
            raise CannotSkip(f"the picture at {picture.pts} is corrupt or interlaced")
        proof.discard(picture.pts)
        if picture.pts > origin and proof and min(proof) < picture.pts:
            raise CannotSkip("packets without a picture of their own")
        if left and left[-1] < picture.pts:
            raise CannotSkip(f"the picture at {left[-1]} did not come")
        if left and left[-1] == picture.pts:
            left.pop()
        yield picture
    if left:
        raise CannotSkip(f"{len(left)} of {total} pictures did not come")


def whole(request: Request, survey: Survey) -> Iterator[Frame]:
    if torn(survey.records):
        raise _Doubtful("the container has lost packets")
    stamps = survey.stamps
    # Where frames are left out this thread rests, and one more than cores costs up to a tenth.
    threads = decoder.one_thread_a_core() if request.frame_interval > 1 else None
    with _opened(request, survey, threads) as source:
        clock = Clock(source.frame_seconds)
        announced = late(_announced(source, stamps), waiting_depth(source, survey.records))
        for index, (picture, stamp) in enumerate(announced):
            pts_seconds = clock.at(source.seconds_of(stamp))
            if index % request.frame_interval == 0:
                yield source.frame(index, pts_seconds, picture)


def _announced(source: Source, stamps: list[int]) -> Iterator[tuple[Any, int]]:
    """All pictures, each with the very next time stamp that a packet has. Raises _Doubtful."""
    index = -1
    for index, picture in enumerate(_decoded(source)):
        if index >= len(stamps) or picture.is_corrupt or not source.is_of(picture, stamps[index]):
            raise _Doubtful(f"picture {index} is corrupt, or not the next that the packets announce")
        yield picture, stamps[index]
    if index + 1 < len(stamps):
        raise _Doubtful(f"{len(stamps)} packets gave {index + 1} pictures")


def _decoded(source: Source) -> Iterator[Any]:
    for packet in source.packets():
        yield from source.decoder.decode(packet)
    yield from source.decoder.decode(None)
