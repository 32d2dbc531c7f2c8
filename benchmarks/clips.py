"""Clips made by ffmpeg: a zooming fractal under noise, as hard to decode as real footage of the same bit rate."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

_ENCODERS = {
    "h264": ("libx264", "-preset", "veryfast"),
    "hevc": ("libx265", "-preset", "ultrafast", "-x265-params", "log-level=none", "-tag:v", "hvc1"),
}
_TIMEOUT_SECONDS = 900


@dataclass(frozen=True)
class ClipRecipe:
    """`gop` is the distance of key frames in frames."""

    width: int = 1920
    height: int = 1080
    frame_count: int = 300
    gop: int = 250
    codec: str = "h264"
    megabits_per_second: int = 8
    rate: int = 30

    @property
    def name(self) -> str:
        size = f"{self.width}x{self.height}"
        return f"{self.codec}-{size}-{self.frame_count}f-gop{self.gop}-{self.megabits_per_second}mbit.mp4"


def made(recipe: ClipRecipe, cache: Path) -> Path:
    """The clip, made once. The fractal is drawn in half size and enlarged: drawing it is most of the work."""
    path = cache / recipe.name
    if path.exists():
        return path
    cache.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".draft.mp4")
    codec, *options = _ENCODERS[recipe.codec]
    source = f"mandelbrot=size={recipe.width // 2}x{recipe.height // 2}:rate={recipe.rate}:maxiter=800"
    look = f"scale={recipe.width}:{recipe.height},noise=alls=12:allf=t,format=yuv420p"
    command = [
        *("ffmpeg", "-v", "error", "-nostdin", "-y", "-f", "lavfi", "-i", source, "-vf", look),
        *("-frames:v", str(recipe.frame_count), "-c:v", codec, *options, "-b:v", f"{recipe.megabits_per_second}M"),
        *("-g", str(recipe.gop), "-keyint_min", str(recipe.gop), "-sc_threshold", "0", str(draft)),
    ]
    if recipe.codec == "hevc":  # x265 takes its own parameters and does not know this one
        command = [word for word in command if word not in ("-sc_threshold", "0")]
    subprocess.run(command, check=True, timeout=_TIMEOUT_SECONDS)
    draft.rename(path)
    return path
