"""Makes clips with ffmpeg: a zooming fractal under noise, as hard to decode as real footage of the same bit rate."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

_ENCODERS = {
    "h264": ("libx264", "-preset", "veryfast"),
    "hevc": ("libx265", "-preset", "ultrafast", "-x265-params", "log-level=none", "-tag:v", "hvc1"),
    "mpeg4": ("mpeg4",),
    "vp9": ("libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-row-mt", "1"),
    "av1": ("libsvtav1", "-preset", "12"),
}
# Every build of OpenCV reads this codec, and every suite needs it; the others may be missing.
ALWAYS_READ = "h264"
_TIMEOUT_SECONDS = 900


class CannotMake(Exception):
    """There is no ffmpeg, or it lacks the encoder; the message names the missing clip."""


@dataclass(frozen=True)
class ClipRecipe:
    """A clip to make; `gop` is the distance of key frames in frames."""

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
    """Make the clip once. The fractal is drawn in half size and enlarged, which is cheaper, and soft like footage.

    Raises CannotMake.
    """
    path = cache / recipe.name
    if path.exists():
        return path
    codec, *options = _ENCODERS[recipe.codec]
    _require_encoder(codec, path)
    cache.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".draft.mp4")
    source = f"mandelbrot=size={recipe.width // 2}x{recipe.height // 2}:rate={recipe.rate}:maxiter=800"
    look = f"scale={recipe.width}:{recipe.height},noise=alls=12:allf=t,format=yuv420p"
    command = [
        *("ffmpeg", "-v", "error", "-nostdin", "-y", "-f", "lavfi", "-i", source, "-vf", look),
        *("-frames:v", str(recipe.frame_count), "-c:v", codec, *options, "-b:v", f"{recipe.megabits_per_second}M"),
        *("-g", str(recipe.gop), "-keyint_min", str(recipe.gop), "-sc_threshold", "0", str(draft)),
    ]
    if recipe.codec == "hevc":  # x265 takes its own parameters and does not know this one
        command = [word for word in command if word not in ("-sc_threshold", "0")]
    quiet = {"SVT_LOG": "1"}  # the AV1 encoder has a log of its own: errors only
    subprocess.run(command, check=True, timeout=_TIMEOUT_SECONDS, env={**os.environ, **quiet})
    draft.rename(path)
    return path


def _require_encoder(encoder: str, path: Path) -> None:
    if shutil.which("ffmpeg") is None:
        raise CannotMake(f"{path} is not there and ffmpeg is not installed; install it, or run this once where it is")
    asked = ["ffmpeg", "-v", "error", "-h", f"encoder={encoder}"]
    told = subprocess.run(asked, capture_output=True, text=True, check=False)
    if f"Encoder {encoder} " not in told.stdout:
        raise CannotMake(f"{path} is not there and this ffmpeg has no encoder {encoder}; install one that has")
