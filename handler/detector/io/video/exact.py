"""Decodes a video packet by packet, so that an error is known to be that of a packet, and what it cost."""

from __future__ import annotations

import logging
from bisect import bisect_right, insort
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import chain
from typing import Any

from detector.core.errors import UnreadableMedia
from detector.core.frames import ClipWarning, Frame
from detector.io.video import decoder
from detector.io.video.clock import JUMP_SECONDS, Clock
from detector.io.video.containers import RE_ENCODE, Request
from detector.io.video.decoder import Source
from detector.io.video.gops import MOST_REORDERED, PacketRecord, late, reorder_depth, torn

# Their packets may have no picture of their own: hidden references, the second field of a picture, packed B-frames.
_PICTURELESS = frozenset(("vp8", "vp9", "h264", "hevc", "mpeg4", "vc1", "wmv3"))

_MOST_FAILED_FIRST = 10_000  # packets, before any picture

logger = logging.getLogger(__name__)
# Of AVPictureType: P, B, S (MPEG-4) and SP.
_REFERRING = (2, 3, 4, 6)


def decoded_one_by_one(source: Source) -> Iterator[tuple[Any, list[Any], str]]:
    """Each packet with the pictures that came when it was decoded, and its error or nothing; None after the last."""
    for packet in chain(source.packets(), [None]):
        try:
            yield packet, source.decoder.decode(packet), ""
        except decoder.DecodingError as error:
            yield packet, [], str(error)


def waiting_depth(source: Source, records: Sequence[PacketRecord]) -> int:
    """How many more pictures must have come before one is known to be whole."""
    return MOST_REORDERED if is_order_unknown(source, records) else reorder_depth(records)


def is_order_unknown(source: Source, records: Sequence[PacketRecord]) -> bool:
    """An AVI stamps packets of H.264 and HEVC in decoding order: only a decoder knows in which they are shown."""
    is_unstamped = source.container_format == "avi" and source.decoder.name in ("h264", "hevc")
    return is_unstamped and bool(source.decoder.reorder_depth) and not reorder_depth(records)


@dataclass(frozen=True)
class _Placed:
    """A picture with its place in the clip, and the number of its packet in decoding order."""

    picture: Any
    number: int
    index: int
    pts_seconds: float


class Exact:
    """Every packet by itself: what fails is named, and the pictures after it keep their places and times.

    After a failure, a packet whose picture never comes has lost it (HEVC shows nothing before the next key frame).
    Before any, a packet without a picture has failed too, but where codecs have such: VP8's hidden references. What
    fails before the first key frame, where a recording begins in the middle of a stream, is no part of the clip.

    A picture that is decoded after a failure may refer to what failed, unless a key frame is shown between: no such
    picture is what was filmed, and all of them are lost too, or kept and named (`Request.keeps_damaged`).
    """

    def __init__(self, request: Request, records: Sequence[PacketRecord]) -> None:
        self._request = request
        self._records = records
        self._packet_count = len(records)
        self._are_places_known = True
        self._first_key = next((at for at, record in enumerate(records) if record.is_key), 0)
        self._failed: dict[int, str] = {}
        self._breaks = torn(records)
        """The numbers of what failed, rising."""
        self._whole_from = -1
        """The number of the last key frame that was shown."""
        self._lost: list[int] = []
        self._damaged: list[int] = []
        self._lost_seconds: list[float] = []
        self._waiting: list[tuple[int, int, int]] = []
        """(recording, time stamp, number) of packets whose picture has not come; joined files have several."""
        self._recording = 0
        self._last_dts: int | None = None
        self._next_index = 0
        self._shown_count = 0

    def frames(self) -> Iterator[Frame]:
        for number in self._breaks:
            self._failed[number] = "the container has lost packets before it"
        with decoder.opened(self._request.path, exactly=True, as_planes=self._request.as_planes) as source:
            self._are_places_known = not is_order_unknown(source, self._records)
            depth = waiting_depth(source, self._records) if source.decoder.reorder_depth else 0
            for placed in late(self._placed(source), depth):
                if self._is_shown(placed) and placed.index % self._request.frame_interval == 0:
                    yield source.frame(placed.index, placed.pts_seconds, placed.picture)
        self._check()
        self._warn()

    def _placed(self, source: Source) -> Iterator[_Placed]:
        clock = Clock(source.frame_seconds)
        for number, (packet, pictures, error) in enumerate(decoded_one_by_one(source)):
            self._take(packet, number, error, source)
            for picture in pictures:
                own = self._number(picture, number, source)
                if picture.is_corrupt:
                    self._fail(own, "its picture is corrupt")
                if clock.origin is None and self._lost_seconds:
                    clock.origin = min(self._lost_seconds)
                seconds = clock.at(source.seconds_of(self._stamp(picture)))
                yield _Placed(picture, own, self._next_index, seconds)
                self._next_index += 1
        while self._waiting:
            self._lose(heappop(self._waiting), source)

    def _stamp(self, picture: Any) -> int | None:
        if self._are_places_known:
            return None if picture.pts is None else int(picture.pts)
        return self._records[self._next_index].pts if self._next_index < len(self._records) else None

    def _take(self, packet: Any, number: int, error: str, source: Source) -> None:
        if error and number >= self._first_key:
            self._fail(number, error)
        if packet is None or packet.is_discard:
            return
        if packet.pts is not None:
            self._note_recording(packet.dts, source)
            heappush(self._waiting, (self._recording, packet.pts, number))
        elif error and number >= self._first_key:
            self._lost.append(self._next_index)
            self._next_index += 1

    def _note_recording(self, dts: int | None, source: Source) -> None:
        if dts is None:
            return
        if self._last_dts is not None and (source.seconds_of(self._last_dts - dts) or 0.0) > JUMP_SECONDS:
            self._recording += 1
        self._last_dts = dts

    def _fail(self, number: int, why: str) -> None:
        if number not in self._failed:
            insort(self._breaks, number)
        self._failed[number] = why
        if not self._are_places_known:
            raise UnreadableMedia(
                f"packet {number} of the video cannot be decoded ({why}), and its AVI does not say in which order "
                "pictures are shown: the places of those after it cannot be known. Upload a whole recording"
            )
        self._check()

    def _number(self, picture: Any, number: int, source: Source) -> int:
        """The number of the picture's own packet; that of the packet it came with, where no time stamp tells."""
        if picture.pts is None or not self._waiting:
            return number
        own = min((each for each in self._waiting if each[1] == picture.pts), default=None)
        before = own or (self._waiting[0][0], picture.pts, -1)
        while self._waiting and self._waiting[0] < before:
            self._lose(heappop(self._waiting), source)
        return heappop(self._waiting)[2] if own else number

    def _is_shown(self, placed: _Placed) -> bool:
        """Whether the picture is part of the answer; it counts what is not."""
        is_damaged = self._is_damaged(placed)
        if placed.picture.is_corrupt or (is_damaged and not self._request.keeps_damaged):
            self._lost.append(placed.index)
            self._check()
            return False
        if is_damaged:
            self._damaged.append(placed.index)
        self._shown_count += 1
        self._check()
        return True

    def _is_damaged(self, placed: _Placed) -> bool:
        """Whether a packet failed after the last key frame, and not after this picture's own."""
        if placed.number not in self._failed and _stands_alone(placed.picture):
            self._whole_from = max(self._whole_from, placed.number)
            return False
        up_to = bisect_right(self._breaks, placed.number)
        return up_to > 0 and self._breaks[up_to - 1] > self._whole_from

    def _lose(self, waiting: tuple[int, int, int], source: Source) -> None:
        _, pts, number = waiting
        if not self._breaks or number < self._breaks[0]:
            if not self._next_index or source.decoder.name in _PICTURELESS:
                return
            self._fail(number, "it has no picture")
        self._lost.append(self._next_index)
        self._next_index += 1
        self._lost_seconds.append(source.seconds_of(pts) or 0.0)
        self._check()

    def _check(self) -> None:
        """Raises UnreadableMedia once too much has failed; a short clip without any picture has another error."""
        if not self._shown_count and len(self._failed) > _MOST_FAILED_FIRST:
            raise UnreadableMedia(f"{self._words()}: none of the clip's pictures so far; {RE_ENCODE}")
        lost = max(len(self._failed), len(self._lost))
        if self._shown_count and lost * 100 > self._request.failed_percent * self._packet_count:
            raise UnreadableMedia(
                f"{self._words()} so far: more than {self._request.failed_percent:g} % of the clip's "
                f"{self._packet_count} packets. Upload a whole recording, allow more with FAILED_PACKETS_PERCENT, or "
                "keep the frames that depend on those packets: DAMAGED_FRAMES=kept"
            )

    def _words(self) -> str:
        first = min(self._failed)
        return (
            f"{len(self._failed)} packets cannot be decoded, the first is number {first} ({self._failed[first]}), and "
            f"{len(self._lost)} frames are lost"
        )

    def _warn(self) -> None:
        if not self._failed:
            return
        kept = f"; {len(self._damaged)} frames depend on them and may show the damage" if self._damaged else ""
        lists = (tuple(sorted(each)) for each in (self._failed, self._lost, self._damaged))
        warning = ClipWarning("undecodable_packets", self._words() + kept, *lists)
        self._request.warnings.append(warning)
        logger.warning("%s", warning.message)


def _stands_alone(picture: Any) -> bool:
    """Whether neither it nor any that is shown later refers to one before it.

    FFmpeg calls the first picture of a slow refresh, which refers to others, a key frame too.
    """
    return bool(picture.key_frame) and picture.pict_type not in _REFERRING
