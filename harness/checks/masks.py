"""COCO's compressed run lengths: whether they are such, which pycocotools does not check, and how two masks overlap.

Source of the encoding: `rleToString` and `rleFrString` of the COCO API's maskApi.c. Runs of 0s and 1s alternate, column
by column; from the fourth on, each is stored as its difference to the last but one. Every number is split into groups
of five bits, low ones first, in characters from "0" on; bit 6 says that more follow, bit 5 of the last is the sign.
"""

from __future__ import annotations

from pycocotools import mask as coco_mask

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


def overlap(one: Rle, other: Rle) -> float:
    """Intersection over union, 0 to 1; equal masks are 1, and masks of two sizes, or what is no mask, are 0."""
    if one == other:
        return 1.0
    if one.size != other.size or not is_sound(one) or not is_sound(other):
        return 0.0
    encoded = [{"size": list(mask.size), "counts": mask.counts.encode("ascii")} for mask in (one, other)]
    return float(coco_mask.iou(encoded[:1], encoded[1:], [0])[0, 0])
