"""Decodes a video packet by packet, so that an error is known to be that of a packet, and what it cost."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from heapq import heappop, heappush
from itertools import chain
from typing import Any

from detector.core.errors import UnreadableMedia
from detector.core.frames import ClipWarning, Frame
from detector.io.video import decoder
from detector.io.video.clock import Clock
from detector.io.video.containers import Request
from detector.io.video.decoder import Source
from detector.io.video.gops import PacketRecord

logger = logging.getLogger(__name__)


def decoded_one_by_one(source: Source) -> Iterator[tuple[Any, list[Any], str]]:
    """Each packet with the pictures that came when it was decoded, and its error or nothing; None after the last."""
    for packet in chain(source.packets(), [None]):
        try:
            yield packet, source.decoder.decode(packet), ""
        except decoder.DecodingError as error:
            yield packet, [], str(error)


class Exact:
    """Every packet by itself: what fails is named, and the pictures after it keep their places and times.

    After a failure, a packet whose picture never comes has lost it (HEVC shows nothing before the next key frame).
    Before any, a packet without a picture is one of those that never have one: VP8's hidden references. What fails
    before the first key frame, where a recording begins in the middle of a stream, is no part of the clip.
    """

    def __init__(self, request: Request, records: Sequence[PacketRecord]) -> None:
        self._request = request
        self._packet_count = len(records)
        self._first_key = next((at for at, record in enumerate(records) if record.is_key), 0)
        self._failed: dict[int, str] = {}
        self._lost: list[int] = []
        self._lost_seconds: list[float] = []
        self._waiting: list[tuple[int, int]] = []
        self._next_index = 0
        self._shown_count = 0

    def frames(self) -> Iterator[Frame]:
        with decoder.opened(self._request.path, exactly=True, as_planes=self._request.as_planes) as source:
            clock = Clock(source.frame_seconds)
            for number, (packet, pictures, error) in enumerate(decoded_one_by_one(source)):
                self._take(packet, number, error)
                for picture in pictures:
                    index = self._index(picture, number, source)
                    if index is None:
                        continue
                    if clock.origin is None and self._lost_seconds:
                        clock.origin = min(self._lost_seconds)
                    pts_seconds = clock.at(source.seconds_of(picture.pts))
                    if index % self._request.frame_interval == 0:
                        yield Frame(index, pts_seconds, source.shown(picture), is_bgr=False)
            while self._waiting:
                self._lose(*heappop(self._waiting), source)
        self._warn()

    def _take(self, packet: Any, number: int, error: str) -> None:
        if error and number >= self._first_key:
            self._failed[number] = error
            self._check()
        if packet is None or packet.is_discard:
            return
        if packet.pts is not None:
            heappush(self._waiting, (packet.pts, number))
        elif error and number >= self._first_key:
            self._lost.append(self._next_index)
            self._next_index += 1

    def _index(self, picture: Any, number: int, source: Source) -> int | None:
        """The place of a picture in the clip; None where it is corrupt."""
        pts = picture.pts
        while pts is not None and self._waiting and self._waiting[0][0] < pts:
            self._lose(*heappop(self._waiting), source)
        if pts is not None and self._waiting and self._waiting[0][0] == pts:
            _, number = heappop(self._waiting)
        index, self._next_index = self._next_index, self._next_index + 1
        if not picture.is_corrupt:
            self._shown_count += 1
            self._check()
            return index
        self._failed.setdefault(number, "its picture is corrupt")
        self._lost.append(index)
        self._check()
        return None

    def _lose(self, pts: int, number: int, source: Source) -> None:
        if not self._failed or number < min(self._failed):
            return
        self._lost.append(self._next_index)
        self._next_index += 1
        self._lost_seconds.append(source.seconds_of(pts) or 0.0)
        self._check()

    def _check(self) -> None:
        """Raises UnreadableMedia once too much has failed; a clip without any picture has another error."""
        lost = max(len(self._failed), len(self._lost))
        if self._shown_count and lost * 100 > self._request.failed_percent * self._packet_count:
            raise UnreadableMedia(
                f"{self._words()}: more than {self._request.failed_percent:g} % of the clip's {self._packet_count} "
                "packets. Upload a whole recording, or allow more with FAILED_PACKETS_PERCENT"
            )

    def _words(self) -> str:
        first = min(self._failed)
        return (
            f"{len(self._failed)} packets cannot be decoded, the first is number {first} ({self._failed[first]}), and "
            f"{len(self._lost)} frames are lost"
        )

    def _warn(self) -> None:
        if self._failed:
            warning = ClipWarning("undecodable_packets", self._words(), tuple(self._failed), tuple(sorted(self._lost)))
            self._request.warnings.append(warning)
            logger.warning("%s; frames after them may show the damage until the next key frame", warning.message)
