"""Finds which of our own conversions of planes to RGB comes to the same as a given one, by trying them.

So nothing has to be known of how a decoder reads the marks of a picture, or of what its build does on this machine:
where no conversion of ours gives the same pixels, the decoder's own is used. May not: know the decoder.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np
import torch

from detector.core.planes import Colours, Matrix, Pixels, PlaneFormat
from detector.speed.pictures import colours

Convert = Callable[[Pixels, Pixels, Pixels], Pixels]
"""(height, width) luma, Cb and Cr of half that to (height, width, 3) RGB."""

_SIDE = 64
_MOST_LEVELS = 1


def found(convert: Convert) -> Colours | None:
    """The nearest of the conversions that differ from `convert` by at most a level of 255; None if there is none."""
    luma, cb, cr = _probe()
    expected = convert(luma, cb, cr).astype(np.int16)
    planes = torch.from_numpy(np.concatenate([luma.ravel(), cb.ravel(), cr.ravel()]))[None]
    differences = {each: np.abs(_converted(planes, each) - expected) for each in _candidates()}
    nearest = min(differences, key=lambda each: (differences[each].max(), differences[each].mean()))
    return nearest if differences[nearest].max() <= _MOST_LEVELS else None


def _candidates() -> list[Colours]:
    return [Colours(matrix, is_full) for matrix, is_full in product(Matrix, (False, True))]


def _probe() -> tuple[Pixels, Pixels, Pixels]:
    """Random planes: among so many pixels any two of the conversions differ by more than a level."""
    random = np.random.default_rng(0)
    luma = random.integers(0, 256, (_SIDE, _SIDE), np.uint8)
    cb, cr = random.integers(0, 256, (2, _SIDE // 2, _SIDE // 2), np.uint8)
    return luma, cb, cr


def _converted(planes: torch.Tensor, candidate: Colours) -> Pixels:
    rgb = colours.rgb(planes, PlaneFormat(_SIDE, _SIDE, candidate))[0]
    return np.asarray(rgb.permute(1, 2, 0).numpy())
