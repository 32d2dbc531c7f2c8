"""Makes clips with PyAV's FFmpeg: a zooming fractal under noise, as hard to decode as real footage of that bit rate."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
from av.filter import Graph

_ENCODERS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "h264": ("libx264", {"preset": "veryfast", "sc_threshold": "0"}),
    "hevc": ("libx265", {"preset": "ultrafast", "x265-params": "log-level=none"}),
    "mpeg4": ("mpeg4", {"sc_threshold": "0"}),
    "vp9": ("libvpx-vp9", {"deadline": "realtime", "cpu-used": "8", "row-mt": "1"}),
    "av1": ("libsvtav1", {"preset": "12"}),
}
# Every build of OpenCV reads this codec, and every suite needs it; the others may be missing.
ALWAYS_READ = "h264"


class CannotMake(Exception):
    """This PyAV lacks the encoder; the message names the missing clip."""


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
    """Make the clip once. Raises CannotMake."""
    path = cache / recipe.name
    if path.exists():
        return path
    codec, options = _ENCODERS[recipe.codec]
    if codec not in av.codecs_available:
        raise CannotMake(f"{path} is not there and PyAV {av.__version__} has no encoder {codec}; install one that has")
    cache.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("SVT_LOG", "1")  # the AV1 encoder has a log of its own: errors only
    draft = path.with_suffix(".draft.mp4")
    _encode(recipe, codec, {**options, "g": str(recipe.gop), "keyint_min": str(recipe.gop)}, draft)
    draft.rename(path)
    return path


def _encode(recipe: ClipRecipe, codec: str, options: Mapping[str, str], path: Path) -> None:
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=recipe.rate, options=dict(options))
        stream.width, stream.height, stream.pix_fmt = recipe.width, recipe.height, "yuv420p"
        stream.bit_rate = recipe.megabits_per_second * 1_000_000
        if recipe.codec == "hevc":
            stream.codec_context.codec_tag = "hvc1"
        for picture in _pictures(recipe):
            container.mux(stream.encode(picture))
        container.mux(stream.encode())


def _pictures(recipe: ClipRecipe) -> Iterator[Any]:
    """The fractal is drawn in half size and enlarged, which is cheaper, and soft like footage."""
    graph = Graph()
    drawn = f"size={recipe.width // 2}x{recipe.height // 2}:rate={recipe.rate}:maxiter=800"
    steps = [
        graph.add("mandelbrot", drawn),
        graph.add("scale", f"{recipe.width}:{recipe.height}"),
        graph.add("noise", "alls=12:allf=t"),
        graph.add("format", "yuv420p"),
        graph.add("buffersink"),
    ]
    for step, following in pairwise(steps):
        step.link_to(following)
    graph.configure()
    for number in range(recipe.frame_count):
        picture: Any = graph.pull()
        picture.pts, picture.time_base = number, Fraction(1, recipe.rate)
        yield picture
