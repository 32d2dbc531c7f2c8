"""Time stamps become the seconds that an answer must give: docs/media.md, "Frames and times"."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from harness.cases.footage.packets import Packet

# A stamp that is further back than this begins a new recording: files that were joined.
NEW_RECORDING_SECONDS = 0.25

Stamps = list[float | None]


def shown_order(packets: Iterable[Packet]) -> Stamps:
    """Presentation times in the order in which pictures are shown; a recording ends where decoding times jump back.

    All packets have presentation times, or none has any: then the order is unknown, and does not matter.
    """
    stamps: Stamps = []
    for recording in recordings(packets):
        known = [packet.pts_seconds for packet in recording if packet.pts_seconds is not None]
        stamps += sorted(known) if known else [None] * len(recording)
    return stamps


def recordings(packets: Iterable[Packet]) -> Iterator[list[Packet]]:
    """At least one, be it empty."""
    recording: list[Packet] = []
    last: float | None = None
    for packet in packets:
        at = packet.dts_seconds
        if at is not None and last is not None and at < last - NEW_RECORDING_SECONDS:
            yield recording
            recording = []
        last = last if at is None else at
        recording.append(packet)
    yield recording


def seconds(stamps: Sequence[float | None], frame_seconds: float) -> tuple[float, ...]:
    """Seconds from the first picture, never back; a picture without a stamp is one frame after the one before it.

    A new recording begins one frame after the end of the one before it.
    """
    times: list[float] = []
    origin: float | None = None
    for stamp in stamps:
        if not times:
            origin = stamp
            times.append(0.0)
        elif stamp is None:
            times.append(times[-1] + frame_seconds)
        else:
            if origin is None or stamp - origin < times[-1] - NEW_RECORDING_SECONDS:
                origin = stamp - (times[-1] + frame_seconds)
            times.append(max(times[-1], stamp - origin))
    return tuple(times)
