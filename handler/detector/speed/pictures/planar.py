"""Makes the pictures that a network is given of planes, on the planes' device: converted, turned, scaled.

Owns: the order of the steps, which is the host's: `io.video.decoder` converts and turns, `core.frames` scales.
"""

from __future__ import annotations

import torch

from detector.core.planes import PlaneLayout, Turn
from detector.speed.pictures import area, colours


def shown(planes: torch.Tensor, layout: PlaneLayout) -> torch.Tensor:
    """`planes` is (n, bytes) uint8; the result (n, 3, height, width) RGB, whole numbers as uint8 or float32."""
    rgb = _turned(colours.rgb(planes, layout.format), layout.format.turn)
    return area.scaled_down(rgb, layout.width, layout.height)


def _turned(pictures: torch.Tensor, turn: Turn) -> torch.Tensor:
    turned = pictures.transpose(-1, -2) if turn.is_transposed else pictures
    reversed_axes = [axis for axis, is_so in ((-2, turn.reverses_rows), (-1, turn.reverses_columns)) if is_so]
    return turned.flip(reversed_axes) if reversed_axes else turned
