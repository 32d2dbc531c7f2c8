"""The check of COCO's compressed run lengths, which pycocotools decodes without checking them.

Source of the encoding: `rleToString` and `rleFrString` of the COCO API's maskApi.c. Runs of 0s and 1s alternate, column
by column; from the fourth on, each is stored as its difference to the last but one. Every number is split into groups
of five bits, low ones first, in characters from "0" on; bit 6 says that more follow, bit 5 of the last is the sign.
"""

from __future__ import annotations

from harness.cases.predictions import Rle


def is_sound(mask: Rle) -> bool:
    """Whether the runs fill `size` exactly."""
    runs = _runs(mask.counts)
    return runs is not None and min(runs, default=0) >= 0 and sum(runs) == mask.size[0] * mask.size[1]


def _runs(counts: str) -> list[int] | None:
    """The run lengths, or None where the text is not such an encoding."""
    runs: list[int] = []
    value, bits = 0, 0
    for character in counts:
        group = ord(character) - 48
        if not 0 <= group < 64 or bits > 30:
            return None
        value |= (group & 0x1F) << bits
        bits += 5
        if not group & 0x20:
            value -= (1 << bits) if group & 0x10 else 0
            runs.append(value + (runs[-2] if len(runs) > 2 else 0))
            value, bits = 0, 0
    return None if bits else runs
