"""How much is measured."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Extent:
    """`half` is the reduced precision of the device; `size` is (width, height) of the frames for the network."""

    device: str
    half: str
    size: tuple[int, int] | None
    batch_sizes: tuple[int, ...]
    intervals: tuple[int, int, int]
    """Every how many-th frame is sampled, of two whole clips and of a cut one."""
    pair_count: int
    warm_ups: int
    repeats: int
    starts: int
    """Fresh processes of the step `starts`."""
    starts_at_once: int
    capped_sizes: tuple[tuple[int, int], ...]
    """(width, height) of the pictures of the memory map."""
    capped_batch_sizes: tuple[int, ...]
    cap_bytes: int = 15 << 30

    @property
    def on_gpu(self) -> bool:
        return self.device == "cuda"

    @property
    def usual_batch(self) -> int:
        """The handler's own batch size on a GPU, where that many are measured."""
        return min(8, max(self.batch_sizes))

    @property
    def precisions(self) -> tuple[str, str]:
        return self.half, "fp32"


def extent_of(device: str, quick: bool) -> Extent:
    """`device` is cuda or cpu."""
    half = "fp16" if device == "cuda" else "bf16"
    if quick:
        return Extent(device, half, None, (1, 2), (60, 30, 20), 1, 1, 2, 2, 2, ((96, 64), (160, 128)), (1, 2))
    sizes = ((800, 800), (1333, 800), (1920, 1080))
    return Extent(device, half, (1024, 1024), (1, 4, 8, 16), (30, 5, 1), 3, 3, 10, 12, 4, sizes, (8, 16, 32, 64))
