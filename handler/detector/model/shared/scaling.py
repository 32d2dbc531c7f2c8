"""Scales a picture as torchvision's `GeneralizedRCNNTransform` does where it keeps the aspect."""

from __future__ import annotations

from detector.core.errors import UnreadableMedia


def scale(height: int, width: int, min_size: int, max_size: int) -> float:
    """The factor by which the shorter side becomes `min_size`, unless the longer one would pass `max_size`.

    Raises UnreadableMedia for a picture so thin that nothing of its shorter side would be left.
    """
    factor = min(min_size / min(height, width), max_size / max(height, width))
    if int(min(height, width) * factor) < 1:
        raise UnreadableMedia(
            f"pictures of {width} x {height} are too thin: the network scales the longer side to {max_size} pixels, "
            "and nothing would be left of the shorter one; crop or pad them"
        )
    return factor
