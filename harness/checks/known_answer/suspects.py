"""The value that `causes` and `geometry` propose: a mistake that may explain the answer."""

from __future__ import annotations

from dataclasses import dataclass

from harness.cases.matching import FramePair


@dataclass(frozen=True)
class Suspect:
    """A mistake in words, and `corrected`: the answer without the mistake.

    `small_counts` says whether it deserves a warning where undoing it improves the fit only a little.
    """

    check: str
    message: str
    advice: str
    corrected: tuple[FramePair, ...]
    where: str | None = None
    small_counts: bool = False
