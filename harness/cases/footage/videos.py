"""A video by demuxing: which packets are there, which are pictures that are shown, and when.

A packet that cannot be decoded is due all the same, which only demuxing can know. Three questions no bits answer, and
for them PyAV's decoder has a second look, packet by packet and in one thread:

    which pictures are shown where a recording begins in the middle: before its first key frame, in front of it, and
    until H.264 without key frames has refreshed the whole picture
    what a codec without a reader in `codecs` shows, and what MPEG-4's packed and empty pictures come to
    in which order pictures are shown where some packets have time stamps and some have none

Even there, a packet on which the decoder fails is due.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

from harness.cases.footage import packets as reading
from harness.cases.footage import timeline
from harness.cases.footage.codecs import reader_of
from harness.cases.footage.container import Source, Unread, first_shape, opened
from harness.cases.footage.endings import is_cut
from harness.cases.footage.facts import ClipFacts
from harness.cases.footage.packets import Packet

_CUT_SECONDS = 0.2  # the lengths that writers state are rounded, and may count a last frame of another stream


def video_facts(path: Path) -> ClipFacts | None:
    """None where there is no video, or no picture of it can be decoded."""
    try:
        shape = first_shape(path)
        if shape is None:
            return None
        with opened(path) as source:
            packets = tuple(source.packets(reader_of(source.codec, source.extradata)))
            times = timeline.seconds(_stamps(path, packets), source.frame_seconds)
            cut = _cut(path, source, len(packets))
    except Unread:
        return None
    return ClipFacts(shape.width, shape.height, len(times), times[-1] if times else 0.0, times, cut, shape.pixel_aspect)


def stamps_of(path: Path) -> timeline.Stamps:
    """The container's own times of the pictures that are shown, in order. Raises Unread."""
    with opened(path) as source:
        return _stamps(path, tuple(source.packets(reader_of(source.codec, source.extradata))))


def _stamps(path: Path, packets: Sequence[Packet]) -> timeline.Stamps:
    stamped = [packet.pts_seconds for packet in packets if packet.pts_seconds is not None]
    is_plain = all(packet.content.is_certain for packet in packets) and len(stamped) in (0, len(packets))
    start, *later = timeline.recordings(packets)
    is_doubtful = _is_doubtful(start)
    if not is_plain or (is_doubtful and not stamped):
        return _second_look(path)
    hidden = _hidden(path, start) if is_doubtful else set()
    shown = (each for each in reading.pictures(start) if each.pts_seconds not in hidden)
    return timeline.shown_order(chain(shown, reading.pictures(chain.from_iterable(later))))


def _first_group(packets: Sequence[Packet]) -> tuple[int, int]:
    """The places of the first two key frames, in decoding order."""
    keys = [place for place, packet in enumerate(packets) if packet.is_key]
    first, second = (*keys, len(packets), len(packets))[:2]
    return first, second


def _is_doubtful(packets: Sequence[Packet]) -> bool:
    first, second = _first_group(packets)
    if first > 0 or not packets:
        return bool(packets)
    return packets[first].content.refreshes_slowly or bool(_leading(packets[first:second]))


def _leading(group: Sequence[Packet]) -> set[float]:
    """Times of pictures that are shown before the key frame after which they are decoded."""
    start = group[0].pts_seconds if group else None
    times = {packet.pts_seconds for packet in group if packet.pts_seconds is not None}
    return {time for time in times if start is not None and time < start}


def _hidden(path: Path, packets: Sequence[Packet]) -> set[float | None]:
    """Times of pictures that no decoder shows, because a recording begins behind what they refer to."""
    first, second = _first_group(packets)
    doubtful: set[float | None] = {packet.pts_seconds for packet in packets[:first]}
    doubtful |= _leading(packets[first:second])
    seen = _seen(path, beyond=max((each for each in doubtful if each is not None), default=0.0))
    hidden = doubtful - seen
    if first < len(packets) and packets[first].content.refreshes_slowly and seen:
        begins = min(seen)
        hidden |= {packet.pts_seconds for packet in packets if (packet.pts_seconds or 0.0) < begins}
    return hidden


def _seen(path: Path, beyond: float) -> set[float]:
    """Times of the pictures that a decoder shows, from the start to the first that is later than `beyond`."""
    seen: set[float] = set()
    with opened(path) as source:
        for attempt in source.attempts():
            seen |= {time for each in attempt.pictures if (time := source.seconds_of(each.pts)) is not None}
            if any(time > beyond for time in seen):
                break
    return seen


def _second_look(path: Path) -> timeline.Stamps:
    """Times of the pictures that a decoder shows, and of the packets on which it fails, as they are shown."""
    shown: timeline.Stamps = []
    has_begun = False
    with opened(path) as source:
        for attempt in source.attempts():
            has_begun = has_begun or attempt.is_key
            shown += [source.seconds_of(picture.pts) for picture in attempt.pictures]
            if attempt.is_failure and has_begun and not attempt.is_hidden:
                _put_in(shown, attempt.seconds)
    return shown


def _put_in(shown: timeline.Stamps, seconds: float | None) -> None:
    """A lost picture in its place among those that are shown by now: at the end, if nothing tells."""
    if seconds is None or any(each is None for each in shown):
        shown.append(seconds)
    else:
        shown.insert(bisect_right([each for each in shown if each is not None], seconds), seconds)


def _cut(path: Path, source: Source, packet_count: int) -> str:
    """A Matroska or FLV is cut where the last twentieth of its stated length, and some frames, are not there."""
    declared = source.declared_seconds
    if source.reach_seconds < min(declared - _CUT_SECONDS, 0.95 * declared):
        return f"its header states {declared:.2f} s, and nothing is found after {source.reach_seconds:.2f} s"
    if is_cut(path) and not 0 < source.declared_frame_count <= packet_count:
        return f"it ends before the end that it states, and holds {packet_count} packets of video"
    return ""


def is_damaged(path: Path) -> bool:
    """Whether the file cannot be read on, a decoder fails on a packet, marks a picture as corrupt, or shows too few.

    What it does before the first key frame, where a recording begins in the middle, does not count.
    """
    has_begun, shown_count = False, 0
    try:
        with opened(path) as source:
            for attempt in source.attempts():
                has_begun = has_begun or attempt.is_key
                shown_count += len(attempt.pictures)
                if has_begun and (attempt.is_failure or any(picture.is_corrupt for picture in attempt.pictures)):
                    return True
        return shown_count < len(stamps_of(path))
    except Unread:
        return True
