"""A picture against the recorded one: size, mode, and how near the pixels are."""

from __future__ import annotations

import math

import numpy as np

from deploy.config.case_sections import GoldenSection
from harness.checks.golden.bounded import Verdict, finding
from harness.goldens.pictures import Picture, picture_of

# What is shown of a ratio that has no bound: equal pictures.
SAME_DECIBELS = 999.0


def judge(expected: bytes, found: bytes, tolerance: GoldenSection) -> Verdict:
    """Raises NotOfKindError when either is no picture."""
    golden, answer = picture_of(expected), picture_of(found)
    if golden.pixels.shape != answer.pixels.shape or golden.mode != answer.mode:
        said = f"the picture is {answer.size} {answer.mode}, and was {golden.size} {golden.mode}"
        return Verdict((finding("image", said),))
    ratio, share = psnr_decibels(golden, answer), _share_that_differs(golden, answer)
    measured = (("golden_psnr_decibels", min(ratio, SAME_DECIBELS)),)
    limits = (("golden_psnr_decibels", "at_least", tolerance.psnr_decibels),)
    if ratio >= tolerance.psnr_decibels:
        return Verdict((), measured, limits, said=f"a picture of {golden.size}")
    said = (
        f"the picture differs: {ratio:.1f} dB, at least {tolerance.psnr_decibels:g} are demanded; "
        f"{100 * share:.3g} % of the pixels are others"
    )
    return Verdict((finding("image", said),), measured, limits)


def psnr_decibels(one: Picture, other: Picture) -> float:
    """The peak signal-to-noise ratio of two pictures of one shape and mode; infinite for equal ones."""
    difference = one.pixels.astype(np.float64) - other.pixels.astype(np.float64)
    error = float(np.mean(np.square(difference))) if difference.size else 0.0
    return math.inf if error == 0 else 10 * math.log10(one.peak**2 / error)


def _share_that_differs(one: Picture, other: Picture) -> float:
    apart = one.pixels != other.pixels
    return float((apart.any(axis=2) if apart.ndim == 3 else apart).mean()) if apart.size else 0.0
