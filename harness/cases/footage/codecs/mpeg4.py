"""MPEG-4 part 2: two pictures packed into one packet (AVI), and packets that say that nothing has changed.

Source: ISO/IEC 14496-2, 6.2.5 (video object plane).
"""

from __future__ import annotations

from harness.cases.footage.codecs.content import Content

_PICTURE = b"\x00\x00\x01\xb6"
_EMPTY_BYTES = 8  # a plane that says vop_coded = 0, and nothing else


def mpeg4_content(packet: bytes) -> Content:
    """Certain for a packet of one picture; what decoders make of the others is theirs to say."""
    count = packet.count(_PICTURE)
    return Content(is_certain=count == 0 or (count == 1 and len(packet) - packet.index(_PICTURE) > _EMPTY_BYTES))
