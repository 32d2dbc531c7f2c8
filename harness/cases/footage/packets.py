"""The packets of a video, and which of them are one picture. Owns no codec: `codecs` reads the bits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from harness.cases.footage.codecs import Content, Field


@dataclass(frozen=True)
class Packet:
    """In decoding order; seconds are the container's own, and None where it gives none."""

    pts_seconds: float | None
    dts_seconds: float | None
    is_key: bool
    is_hidden: bool
    """An edit list hides it."""
    content: Content


def pictures(packets: Iterable[Packet]) -> Iterator[Packet]:
    """The packets that begin a picture that is shown, in decoding order."""
    first: Field | None = None
    for packet in packets:
        field = packet.content.field
        if field is not None and field.completes(first):
            first = None
            continue
        first = field
        if packet.content.shows and not packet.is_hidden:
            yield packet
