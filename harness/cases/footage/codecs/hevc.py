"""HEVC: the leading pictures that cannot be shown, because a recording begins, or goes on, after their references.

Sources: ISO/IEC 23008-2, 7.4.2.2 (types of units), 8.1.3 (RASL pictures of a first picture are not output);
ISO/IEC 14496-15, 8.3.3 (hvcC).
"""

from __future__ import annotations

from harness.cases.footage.codecs.content import Content
from harness.cases.footage.codecs.nal import units

_PICTURES, _RASL, _BROKEN_LINK, _RANDOM_ACCESS = range(32), (8, 9), (16, 17, 18), range(16, 24)
_END_OF_SEQUENCE = (36, 37)


class Hevc:
    """Reads the packets of one stream in order."""

    def __init__(self, extradata: bytes) -> None:
        is_hvcc = len(extradata) > 22 and extradata[0] == 1
        self._length_bytes = (extradata[21] & 3) + 1 if is_hvcc else None
        self._is_after_end = True
        self._are_leading_lost = False

    def content(self, packet: bytes) -> Content:
        found = units(packet, self._length_bytes)
        if found is None:
            return Content()
        types = [unit[0] >> 1 & 63 for unit in found if not _layer(unit)]
        picture = next((kind for kind in types if kind in _PICTURES), None)
        if picture is not None and picture in _RANDOM_ACCESS:
            self._are_leading_lost = self._is_after_end or picture in _BROKEN_LINK
            self._is_after_end = False
        if any(kind in _END_OF_SEQUENCE for kind in types):
            self._is_after_end = True
        return Content(shows=picture is not None and not (picture in _RASL and self._are_leading_lost))


def _layer(unit: bytes) -> int:
    """0 for the base layer; others hold a second view or transparency."""
    return (unit[0] & 1) << 5 | unit[1] >> 3 if len(unit) > 1 else 0
