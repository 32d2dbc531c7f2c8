"""Lists the suites that run inside a serving image, and the clips that the host must make, as an image has no encoders.

The other suites need what no serving image has: LocalStack, the emulator, the harness.
"""

from __future__ import annotations

from collections.abc import Iterable

from benchmarks.clips import ClipRecipe
from benchmarks.decoding import POINTS

SUITES = ("ratio", "counters", "model", "decode")
DEFAULT_FRAMES = 6
_GOPS = (250, 30)
_RATE = 30


def file_of(suite: str) -> str:
    """The suite's file, relative to the repository."""
    return f"benchmarks/test_{suite}.py"


def clips_of(suites: Iterable[str], frame_count: int) -> list[ClipRecipe]:
    """The clips, each once; end to end, `frame_count` sampled frames are wanted, one a second."""
    found: dict[ClipRecipe, None] = {}
    for suite in suites:
        found |= dict.fromkeys(_clips_of(suite, frame_count))
    return list(found)


def _clips_of(suite: str, frame_count: int) -> list[ClipRecipe]:
    if suite == "decode":
        return [point.recipe for point in POINTS]
    calibrated_and_measured_on = [ClipRecipe(), ClipRecipe(frame_count=_RATE * frame_count)]
    if suite != "ratio":
        return calibrated_and_measured_on
    lengths = (900, 4 * _RATE * frame_count)
    return calibrated_and_measured_on + [ClipRecipe(gop=gop, frame_count=length) for gop in _GOPS for length in lengths]
