"""Pictures scaled down by tensors are those that OpenCV scales down."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.core.opencv import cv2
from detector.core.planes import Pixels
from detector.speed.pictures import area

FACTORS = {
    "equal": ((96, 64), (96, 64)),
    "1.875 x 1.05": ((1920, 1080), (1024, 1024)),
    "2": ((640, 360), (320, 180)),
    "2 x 1": ((640, 360), (320, 360)),
    "3": ((639, 360), (213, 120)),
    "3.3": ((660, 330), (200, 100)),
    "4": ((640, 360), (160, 90)),
    "7.9": ((790, 474), (100, 60)),
    "almost 1": ((161, 121), (160, 120)),
    "to a pixel": ((61, 40), (1, 1)),
}


def random_picture(width: int, height: int) -> Pixels:
    return np.random.default_rng(width).integers(0, 256, (height, width, 3), np.uint8)


def by_torch(picture: Pixels, width: int, height: int) -> Pixels:
    pictures = torch.from_numpy(np.stack([255 - picture, picture])).permute(0, 3, 1, 2)
    return np.asarray(area.scaled_down(pictures, width, height)[1].permute(1, 2, 0).numpy())


@pytest.mark.parametrize("factor", FACTORS)
def test_a_picture_is_scaled_down_as_by_opencv(factor: str) -> None:
    (source_width, source_height), (width, height) = FACTORS[factor]
    picture = random_picture(source_width, source_height)
    expected = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    differences = np.abs(by_torch(picture, width, height).astype(int) - expected)
    assert differences.max() <= 1
    assert (differences == 0).mean() >= 0.999


@given(
    st.tuples(st.integers(1, 60), st.integers(1, 60)),
    st.tuples(st.floats(0.02, 1), st.floats(0.02, 1)),
)
@settings(max_examples=200, deadline=None)
def test_any_smaller_size_is_within_a_level(source: tuple[int, int], share: tuple[float, float]) -> None:
    width, height = (max(1, int(length * part)) for length, part in zip(source, share, strict=True))
    picture = random_picture(*source)
    expected = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    found = by_torch(picture, width, height)
    assert np.abs(found.astype(int) - expected.reshape(found.shape)).max() <= 1
    assert np.array_equal(found, np.round(found))


def test_enlarging_is_refused() -> None:
    with pytest.raises(ValueError, match="20 x 10 cannot be scaled down to 10 x 11"):
        area.scaled_down(torch.zeros(1, 3, 10, 20, dtype=torch.uint8), 10, 11)
