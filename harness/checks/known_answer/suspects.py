"""A mistake that may have been made."""

from __future__ import annotations

from dataclasses import dataclass

from harness.cases.matching import FramePair


@dataclass(frozen=True)
class Suspect:
    """A mistake in words, and `corrected`: the answer as it would read had the mistake not been made.

    `small_counts` says whether it is worth a warning where it takes little away from the fit.
    """

    check: str
    message: str
    advice: str
    corrected: tuple[FramePair, ...]
    where: str | None = None
    small_counts: bool = False
