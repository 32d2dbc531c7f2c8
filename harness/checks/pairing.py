"""Two answers to one clip, paired object by object: which are the same, have another label, are lost, or are new.

Owns the pairing alone. What of it is allowed is for the check that asks: `parity`, or `golden`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.cases.matching import matched
from harness.cases.predictions import Detection

# Boxes of less overlap are of two objects.
LEAST_OVERLAP = 0.5


@dataclass(frozen=True)
class Match:
    """One object in both answers, under one label."""

    frame_index: int
    found: Detection
    expected: Detection

    @property
    def box_drift(self) -> float:
        """The farthest that a side of the box has moved, in pixels."""
        return max(abs(a - b) for a, b in zip(self.found.box, self.expected.box, strict=True))

    @property
    def score_drift(self) -> float:
        return abs(self.found.score - self.expected.score)


@dataclass(frozen=True)
class Paired:
    """One frame of both answers. `relabelled` are pairs (found, expected) at one place under different labels."""

    frame_index: int
    matched: tuple[Match, ...]
    relabelled: tuple[tuple[Detection, Detection], ...]
    lost: tuple[Detection, ...]
    new: tuple[Detection, ...]


def pair(frame_index: int, found: Sequence[Detection], expected: Sequence[Detection], threshold: float = 0.0) -> Paired:
    """Pair two answers to one frame; the order of their objects makes no difference.

    Objects of `expected` below `threshold` may be matched, and are not lost.
    """
    found, expected = sorted(found, key=_order), sorted(expected, key=_order)
    same = [(row, column) for row, column, _ in matched(found, expected, at_least=LEAST_OVERLAP)]
    same += _without_area(found, expected, same)
    rows, columns = {row for row, _ in same}, {column for _, column in same}
    new = [thing for place, thing in enumerate(found) if place not in rows]
    lost = [thing for place, thing in enumerate(expected) if place not in columns and thing.score >= threshold]
    moved = [(row, column) for row, column, _ in matched(new, lost, same_label=False, at_least=LEAST_OVERLAP)]
    rows, columns = {row for row, _ in moved}, {column for _, column in moved}
    return Paired(
        frame_index,
        tuple(Match(frame_index, found[row], expected[column]) for row, column in same),
        tuple((new[row], lost[column]) for row, column in moved),
        tuple(thing for place, thing in enumerate(lost) if place not in columns),
        tuple(thing for place, thing in enumerate(new) if place not in rows),
    )


def _order(thing: Detection) -> tuple[float, int, tuple[float, ...], str]:
    """The surest first; of equal boxes the same ones then meet, however an answer lists them."""
    return (-thing.score, thing.label_id, thing.box, thing.mask.counts if thing.mask else "")


def _without_area(
    found: Sequence[Detection], expected: Sequence[Detection], same: Sequence[tuple[int, int]]
) -> list[tuple[int, int]]:
    """Boxes without an area overlap nothing; equal ones of one label are the same."""
    rows = [place for place in range(len(found)) if place not in {row for row, _ in same}]
    columns = [place for place in range(len(expected)) if place not in {column for _, column in same}]
    pairs = []
    for row in rows:
        for column in columns:
            if found[row].label_id == expected[column].label_id and found[row].box == expected[column].box:
                pairs.append((row, column))
                columns.remove(column)
                break
    return pairs
