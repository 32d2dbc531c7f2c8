"""What the face detector of the examples draws: five pictures side by side, the first as it came."""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from harness.core.top_level import EXAMPLES

WIDTH, HEIGHT = 60, 40
FACE = {"box": [10.4, 5.2, 30.6, 25.4], "points": [[15.0, 10.0], [25.0, 10.0]]}


def drawn(faces: list[dict[str, Any]]) -> list[npt.NDArray[np.uint8]]:
    spec = importlib.util.spec_from_file_location("pictures", EXAMPLES / "face-detector" / "src" / "pictures.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    whole = module.side_by_side(Image.fromarray(sent()), faces)
    assert (whole.shape, whole.dtype) == ((HEIGHT, 5 * WIDTH, 3), np.uint8)
    return np.split(whole, 5, axis=1)


def sent() -> npt.NDArray[np.uint8]:
    return np.random.default_rng(2).integers(1, 255, (HEIGHT, WIDTH, 3), dtype=np.uint8)


def test_without_a_face_four_are_the_picture_and_one_is_black() -> None:
    *four, alone = drawn([])
    assert all(np.array_equal(each, sent()) for each in four)
    assert not alone.any()


def test_a_face_is_marked_hidden_and_cut_out() -> None:
    first, boxed, pointed, hidden, alone = drawn([FACE])
    assert np.array_equal(first, sent())
    assert tuple(boxed[5, 20]) == (64, 224, 96)
    assert tuple(pointed[10, 15]) == (255, 208, 0)
    inside = np.zeros((HEIGHT, WIDTH), bool)
    inside[5:25, 10:31] = True
    assert np.array_equal(hidden[~inside], sent()[~inside])
    assert len(np.unique(hidden[inside], axis=0)) <= 64
    assert np.array_equal(alone[inside], sent()[inside])
    assert not alone[~inside].any()


@pytest.mark.parametrize("box", [[-20.0, -20.0, 5.0, 5.0], [50.0, 30.0, 90.0, 90.0], [70.0, 5.0, 90.0, 20.0]])
def test_a_face_may_reach_beyond_the_picture(box: list[float]) -> None:
    assert len(drawn([{**FACE, "box": box}])) == 5
