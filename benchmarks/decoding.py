"""Lists the points at which decoding is measured, and writes the table of results with one line a point."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.clips import ClipRecipe
from benchmarks.pairs import Pairs, Run

_SIZES = {720: (1280, 720), 1080: (1920, 1080), 2160: (3840, 2160)}
_LINE = "{:<26}{:>10}{:>10}   {:>10}{:>10}   {:>6}{:>6}   {}"
_ABOVE = f"{'':<26}{'clip frames/s':>20}   {'sampled frames/s':>20}   {'ratio':>12}"
_HEADER = _LINE.format("", *("reference", "handler") * 2, "wall", "CPU", "path")


@dataclass(frozen=True)
class Point:
    recipe: ClipRecipe
    frame_interval: int

    @property
    def name(self) -> str:
        recipe = self.recipe
        return f"{recipe.codec}-{recipe.height}p-gop{recipe.gop}-every{self.frame_interval}"

    @property
    def sampled_count(self) -> int:
        return -(-self.recipe.frame_count // self.frame_interval)

    @property
    def may_skip(self) -> bool:
        """Whether the handler can skip frames at this point: only in H.264, and with PyAV."""
        return self.recipe.codec == "h264" and self.frame_interval > 1


def _point(codec: str, height: int, gop: int, frame_interval: int, frame_count: int) -> Point:
    width, height = _SIZES[height]
    megabits = {720: 6, 1080: 8, 2160: 24}[height]
    return Point(ClipRecipe(width, height, frame_count, gop, codec, megabits), frame_interval)


# Each point takes a few seconds, encoding included: no clip is longer than its distance of key frames needs.
POINTS = (
    _point("h264", 720, 30, 30, 150),
    _point("h264", 720, 250, 30, 300),
    _point("h264", 1080, 30, 5, 150),
    _point("h264", 1080, 30, 30, 150),
    _point("h264", 1080, 250, 1, 300),
    _point("h264", 1080, 250, 30, 300),
    _point("h264", 2160, 30, 30, 32),
    _point("h264", 2160, 250, 30, 32),
    _point("hevc", 720, 250, 1, 150),
    _point("hevc", 720, 30, 30, 150),
    _point("hevc", 720, 250, 5, 150),
    _point("mpeg4", 720, 30, 30, 150),
    _point("mpeg4", 720, 30, 1, 150),
    _point("vp9", 720, 30, 30, 150),
    _point("vp9", 720, 30, 1, 150),
    _point("av1", 720, 30, 30, 150),
)


@dataclass(frozen=True)
class Row:
    """A point and its pairs; A is the reference, B the handler."""

    point: Point
    found: Pairs

    @property
    def path(self) -> str:
        """`skipped`, `decoded: WHY`, or how many frames were skipped to before the rest was decoded."""
        run = self.found.b[0]
        if run.skipped_to_count == run.frame_count:
            return "skipped"
        skipped = f"skipped {run.skipped_to_count} of {run.frame_count}, then " if run.skipped_to_count else ""
        return f"{skipped}decoded: {run.why_not_skipped}"

    def facts(self) -> dict[str, Any]:
        """The facts for `extra_info`. Clip frames are all frames passed, decoded or not."""
        recipe = self.point.recipe
        return {
            **self.found.summary(),
            "codec": recipe.codec,
            "gop": recipe.gop,
            "resolution": f"{recipe.width}x{recipe.height}",
            "frame_interval": self.point.frame_interval,
            "path": self.path,
            **{
                f"{side}_{what}_frames_per_second": round(count / _seconds(runs), 1)
                for side, runs in (("reference", self.found.a), ("handler", self.found.b))
                for what, count in (("clip", recipe.frame_count), ("sampled", self.point.sampled_count))
            },
        }

    def line(self) -> str:
        facts = self.facts()
        speeds = [
            f"{facts[f'{side}_{what}_frames_per_second']:.{digits}f}"
            for what, digits in (("clip", 0), ("sampled", 1))
            for side in ("reference", "handler")
        ]
        ratios = (f"{self.found.ratio:.2f}", f"{self.found.cpu_ratio:.2f}")
        return _LINE.format(self.point.name, *speeds, *ratios, self.path)


def table(rows: Sequence[Row]) -> list[str]:
    """The table's lines; speeds are those of each side's best run, ratios those of the pairs."""
    return [_ABOVE, _HEADER, *(row.line() for row in rows)]


def _seconds(runs: Sequence[Run]) -> float:
    return min(run.wall_seconds for run in runs)
