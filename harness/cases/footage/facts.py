"""What a file shows: the noun."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class ClipFacts:
    """Sizes are in pixels, after rotation; `frame_count` is of the pictures that are shown, damaged ones included."""

    width: int
    height: int
    frame_count: int
    duration_seconds: float
    times: tuple[float, ...] = ()
    """`pts_seconds` of every frame, from the first one; empty where the input has no time."""
    cut: str = ""
    """Evidence that the file is shorter than it says of itself; empty without any."""
    pixel_aspect: float = 1.0
    """How many times as wide as high a pixel is shown."""

    def __post_init__(self) -> None:
        if self.times and len(self.times) != self.frame_count:
            raise ValueError(f"{len(self.times)} times for {self.frame_count} frames")

    def sampled_count(self, frame_interval: int) -> int:
        """How many frames a handler that looks at every `frame_interval`-th one must answer."""
        return -(-self.frame_count // frame_interval)

    def on_square_pixels(self) -> ClipFacts:
        """In the shape in which it is shown: one side grows, none shrinks."""
        aspect = self.pixel_aspect
        width, height = round(self.width * max(aspect, 1)), round(self.height / min(aspect, 1))
        return replace(self, width=width, height=height, pixel_aspect=1.0)
