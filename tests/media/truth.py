"""Makes a row's file, and asks ffmpeg and ffprobe what is in it. They are the reference, not what was drawn."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import numpy as np
from PIL import Image

from tests.handler.clips import ClipMaker, reference_pixels, reference_times
from tests.media.marks import Pixels, drawn, number_in, woven
from tests.media.rows import Clip


@dataclass(frozen=True)
class Truth:
    """What ffmpeg shows of a clip; `times` are seconds from the first picture."""

    pixels: Pixels
    times: tuple[float, ...]

    @property
    def count(self) -> int:
        return len(self.pixels)


@dataclass(frozen=True)
class Reference:
    """Made once a session, and kept."""

    clips: ClipMaker
    _truths: dict[str, Truth] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """What some rows put beside the pictures, by their names in the folder."""
        folder = self.clips.folder
        (folder / "subtitles.srt").write_text("1\n00:00:00,100 --> 00:00:00,300\nHello.\n\n")
        (folder / "chapters.txt").write_text(";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=200\n")
        Image.fromarray(drawn(255, 160, 96)).save(folder / "cover.jpg")

    def path(self, row: Clip) -> Path:
        path = self.clips.folder / f"row-{row.name}"
        if not path.exists():
            made = self.clips.made(row.name, *self._pictures(row), *row.arguments.split())
            path.write_bytes(row.after(self.clips, made) if row.after else made.read_bytes())
        return path

    def truth(self, row: Clip) -> Truth:
        if row.name not in self._truths:
            path = self.path(row)
            times = row.times or _without_gaps(reference_times(path), row)
            self._truths[row.name] = Truth(reference_pixels(path), times)
        return self._truths[row.name]

    def _pictures(self, row: Clip) -> list[str]:
        width, height = row.size
        kind = "woven" if row.is_woven else "drawn"
        path = self.clips.folder / f"{kind}-{width}x{height}x{row.count}.rgb"
        if not path.exists():
            numbers = range(row.count)
            pictures = (
                [woven(2 * number, 2 * number + 1, width, height) for number in numbers]
                if row.is_woven
                else [drawn(number, width, height) for number in numbers]
            )
            path.write_bytes(np.stack(pictures).tobytes() if pictures else b"")
        shape = f"-f rawvideo -pixel_format rgb24 -video_size {width}x{height} -framerate {row.rate}"
        return [*shape.split(), "-i", path.name]


def upright(pixels: Pixels, matrix: tuple[int, int, int, int]) -> Pixels:
    """Pictures that are shown turned by `matrix`, turned back."""
    a, b, c, d = matrix
    if not a:
        a, d = c, b
    pixels = pixels[:, :: -1 if d < 0 else 1, :: -1 if a < 0 else 1]
    return pixels if matrix[0] else pixels.transpose(0, 2, 1, 3)


def numbers_in(pixels: Pixels, row: Clip) -> tuple[int, ...]:
    return tuple(number_in(picture) for picture in upright(pixels, row.turned)) if row.expected_numbers else ()


def _without_gaps(times: list[float], row: Clip) -> tuple[float, ...]:
    """A picture without a time stamp is one frame after the one before it."""
    filled: list[float] = []
    for time in times:
        following = filled[-1] + float(1 / Fraction(row.rate)) if filled else 0.0
        filled.append(following if math.isnan(time) else time)
    return tuple(filled)
