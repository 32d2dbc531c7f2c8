"""Planes become the RGB that FFmpeg makes of them, and the decoder finds out by which matrix and range that is."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from itertools import product
from typing import Any

import numpy as np
import pytest
import torch

from detector.core.planes import Colours, Matrix, Pixels, PlaneFormat
from detector.io.video import colour_match
from detector.speed.pictures import colours

av: Any = pytest.importorskip("av")

# FFmpeg's AVColorSpace and AVColorRange.
SPACES = {Matrix.BT709: 1, Matrix.FCC: 4, Matrix.BT601: 6, Matrix.SMPTE240M: 7, Matrix.BT2020: 9}
RANGES = {False: 1, True: 2}
SIZES = [(64, 64), (2, 2), (6, 4), (34, 50), (1278, 722)]


def random_planes(width: int, height: int) -> tuple[Pixels, Pixels, Pixels]:
    random = np.random.default_rng(width)
    luma = random.integers(0, 256, (height, width), np.uint8)
    cb, cr = random.integers(0, 256, (2, height // 2, width // 2), np.uint8)
    return luma, cb, cr


def by_ffmpeg(planes: tuple[Pixels, Pixels, Pixels], pixel_format: str, space: int, colour_range: int) -> Pixels:
    """(height, width, 3) RGB as PyAV converts it."""
    luma, *_ = planes
    picture = av.VideoFrame(luma.shape[1], luma.shape[0], pixel_format)
    for plane, values in zip(picture.planes, planes, strict=True):
        rows = np.zeros((plane.height, plane.line_size), np.uint8)
        rows[:, : values.shape[1]] = values
        plane.update(rows)
    picture.colorspace, picture.color_range = space, colour_range
    reformatter = import_module("av.video.reformatter").VideoReformatter()
    shown = reformatter.reformat(picture, format="rgb24", interpolation="BICUBIC")
    return np.asarray(shown.to_ndarray())


def by_torch(planes: tuple[Pixels, Pixels, Pixels], how: Colours) -> Pixels:
    height, width = planes[0].shape
    joined = torch.from_numpy(np.concatenate([plane.ravel() for plane in planes]))
    pair = torch.stack([joined, joined.flip(0)])  # the second picture is another, and must not get in
    return np.asarray(colours.rgb(pair, PlaneFormat(width, height, how))[0].permute(1, 2, 0).numpy())


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize(("matrix", "is_full_range"), list(product(Matrix, (False, True))))
def test_every_matrix_and_range_gives_ffmpegs_pixels(
    matrix: Matrix, is_full_range: bool, width: int, height: int
) -> None:
    planes = random_planes(width, height)
    expected = by_ffmpeg(planes, "yuv420p", SPACES[matrix], RANGES[is_full_range])
    found = by_torch(planes, Colours(matrix, is_full_range))
    assert np.abs(found.astype(int) - expected).max() <= 1


@pytest.mark.parametrize("luma", range(0, 256, 15))
def test_every_colour_of_a_luma_gives_ffmpegs_pixels(luma: int) -> None:
    cb, cr = (np.ascontiguousarray(each, np.uint8) for each in np.mgrid[0:256, 0:256])
    planes = (np.full((512, 512), luma, np.uint8), cb, cr)
    for matrix, is_full in product(Matrix, (False, True)):
        expected = by_ffmpeg(planes, "yuv420p", SPACES[matrix], RANGES[is_full])
        assert np.abs(by_torch(planes, Colours(matrix, is_full)).astype(int) - expected).max() <= 1


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuvj420p"])
@pytest.mark.parametrize("space", [1, 2, 4, 5, 6, 7, 9])
@pytest.mark.parametrize("colour_range", [0, 1, 2])
def test_marks_are_understood_as_ffmpeg_understands_them(pixel_format: str, space: int, colour_range: int) -> None:
    matrix = next((matrix for matrix, number in SPACES.items() if number == space), Matrix.BT601)
    is_full = pixel_format == "yuvj420p" or colour_range == 2
    found = colour_match.found(lambda *planes: by_ffmpeg(planes, pixel_format, space, colour_range))
    assert found == Colours(matrix, is_full)


def test_a_conversion_that_is_none_of_ours_is_not_found() -> None:
    """Red and blue swapped, a picture that is shifted, white that is not reached."""
    changes: list[Callable[[Pixels], Pixels]] = [
        lambda shown: shown[..., ::-1],
        lambda shown: np.roll(shown, 1, axis=1),
        lambda shown: np.minimum(shown, np.uint8(253)),
    ]
    for changed in changes:

        def convert(*planes: Pixels, changed: Callable[[Pixels], Pixels] = changed) -> Pixels:
            luma, cb, cr = planes
            return changed(by_ffmpeg((luma, cb, cr), "yuv420p", 1, 1))

        assert colour_match.found(convert) is None


def test_a_size_that_halves_do_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="both must be even"):
        PlaneFormat(63, 64, Colours(Matrix.BT601, False))
