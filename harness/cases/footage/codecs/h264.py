"""H.264: whether a packet holds a whole picture, one field of it, or headers alone.

Sources: ISO/IEC 14496-10, 7.3.2.1 (sequence parameter set), 7.3.2.2 (picture parameter set), 7.3.3 (slice header);
ISO/IEC 14496-15, 5.3.3.1 (avcC).
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.cases.footage.codecs.bits import Bits
from harness.cases.footage.codecs.content import Content, Field
from harness.cases.footage.codecs.nal import units

_SLICES, _INSTANT, _SEQUENCE, _PICTURE = (1, 2, 5), 5, 7, 8
_HIGH_PROFILES = (100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135)


@dataclass(frozen=True)
class Sequence:
    """What a slice header's length depends on, and whether there may be fields."""

    frame_number_bits: int
    has_colour_planes: bool
    may_have_fields: bool


class H264:
    """Reads the packets of one stream in order: parameter sets may come between pictures."""

    def __init__(self, extradata: bytes) -> None:
        self._sequences: dict[int, Sequence] = {}
        self._sequence_of: dict[int, int] = {}
        is_avcc = len(extradata) > 6 and extradata[0] == 1
        self._length_bytes = (extradata[4] & 3) + 1 if is_avcc else None
        for unit in _avcc_sets(extradata) if is_avcc else units(extradata, None) or []:
            self._note(unit)

    def content(self, packet: bytes) -> Content:
        found = units(packet, self._length_bytes)
        if found is None:
            return Content()
        for unit in found:
            self._note(unit)
        slices = [unit for unit in found if unit[0] & 31 in _SLICES]
        fields = {self._field(unit) for unit in slices}
        is_instant = any(unit[0] & 31 == _INSTANT for unit in slices)
        return Content(bool(slices), fields.pop() if len(fields) == 1 else None, refreshes_slowly=not is_instant)

    def _note(self, unit: bytes) -> None:
        if unit[0] & 31 == _SEQUENCE:
            number, sequence = _sequence(unit)
            self._sequences[number] = sequence
        elif unit[0] & 31 == _PICTURE:
            bits = Bits(unit[1:])
            number = bits.golomb()
            self._sequence_of[number] = bits.golomb()

    def _field(self, unit: bytes) -> Field | None:
        """The field that a slice is of; None for a slice of a whole picture."""
        if not any(sequence.may_have_fields for sequence in self._sequences.values()):
            return None
        bits = Bits(unit[1:])
        bits.skip_golombs(2)
        sequence = self._sequences.get(self._sequence_of.get(bits.golomb(), -1))
        if sequence is None or not sequence.may_have_fields:
            return None
        bits.take(2 if sequence.has_colour_planes else 0)
        number = bits.take(sequence.frame_number_bits)
        return Field(is_bottom=bool(bits.take(1)), number=number) if bits.take(1) else None


def _avcc_sets(extradata: bytes) -> list[bytes]:
    """The parameter sets of an `avcC`, sequences first, each with its length before it."""
    sets: list[bytes] = []
    place = 5
    for mask in (31, 255):
        count, place = (extradata[place] & mask if place < len(extradata) else 0), place + 1
        for _ in range(count):
            size = int.from_bytes(extradata[place : place + 2], "big")
            sets += units(size.to_bytes(2, "big") + extradata[place + 2 : place + 2 + size], 2) or []
            place += 2 + size
    return sets


def _sequence(unit: bytes) -> tuple[int, Sequence]:
    bits = Bits(unit[1:])
    profile = bits.take(8)
    bits.take(16)
    number = bits.golomb()
    has_colour_planes = profile in _HIGH_PROFILES and _read_high_profile(bits)
    frame_number_bits = min(bits.golomb(), 12) + 4
    _skip_order(bits)
    bits.golomb()
    bits.take(1)
    bits.skip_golombs(2)
    return number, Sequence(frame_number_bits, has_colour_planes, may_have_fields=not bits.take(1))


def _read_high_profile(bits: Bits) -> bool:
    """Whether the three colours are coded as pictures of their own."""
    chroma = bits.golomb()
    has_colour_planes = bool(chroma == 3 and bits.take(1))
    bits.skip_golombs(2)
    bits.take(1)
    if bits.take(1):
        for place in range(12 if chroma == 3 else 8):
            if bits.take(1):
                _skip_scaling_list(bits, 16 if place < 6 else 64)
    return has_colour_planes


def _skip_scaling_list(bits: Bits, size: int) -> None:
    last, following = 8, 8
    for _ in range(size):
        if following:
            code = bits.golomb()
            following = (last + ((code + 1) // 2 if code % 2 else -(code // 2))) % 256
        last = following or last


def _skip_order(bits: Bits) -> None:
    order = bits.golomb()
    if order == 0:
        bits.golomb()
    elif order == 1:
        bits.take(1)
        bits.skip_golombs(2)
        bits.skip_golombs(min(bits.golomb(), 255))
