"""MPEG-1 and MPEG-2 video: fields that come in packets of their own.

Source: ISO/IEC 13818-2, 6.2.3 (picture header), 6.2.3.1 and table 6-14 (picture_structure).
"""

from __future__ import annotations

import re

from harness.cases.footage.codecs.content import Content, Field

_HEADER = re.compile(rb"\x00\x00\x01\x00(..)", re.DOTALL)
_EXTENSION = re.compile(rb"\x00\x00\x01\xb5[\x80-\x8f].(.)", re.DOTALL)
_TOP, _BOTTOM = 1, 2


def mpeg2_content(packet: bytes) -> Content:
    header = _HEADER.search(packet)
    structures = {found[1][0] & 3 for found in _EXTENSION.finditer(packet)}
    if header is None or structures not in ({_TOP}, {_BOTTOM}):
        return Content()
    number = int.from_bytes(header[1], "big") >> 6
    return Content(field=Field(is_bottom=structures == {_BOTTOM}, number=number))
