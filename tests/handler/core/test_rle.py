from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy
from pycocotools import mask as coco

from detector.core import rle

pictures = st_numpy.arrays(bool, st.tuples(st.integers(1, 40), st.integers(1, 40)), elements=st.booleans())
of_one_size = st.tuples(st.integers(0, 6), st.integers(1, 30), st.integers(1, 30)).flatmap(
    lambda shape: st_numpy.arrays(bool, shape, elements=st.booleans())
)


def coco_counts(mask: npt.NDArray[np.bool_]) -> str:
    counts: bytes = coco.encode(np.asfortranarray(mask.astype(np.uint8)))["counts"]
    return counts.decode()


@given(pictures)
@settings(max_examples=300, deadline=None)
def test_a_whole_mask_is_encoded_as_pycocotools_encodes_it(mask: npt.NDArray[np.bool_]) -> None:
    height, width = mask.shape
    assert rle.encode(mask, 0, 0, width, height) == coco_counts(mask)


@given(pictures, st.data())
@settings(max_examples=300, deadline=None)
def test_a_region_is_encoded_as_the_mask_it_is_part_of(region: npt.NDArray[np.bool_], data: st.DataObject) -> None:
    left, top, right, bottom = (data.draw(st.integers(0, 30)) for _ in range(4))
    mask = np.pad(region, ((top, bottom), (left, right)))
    assert rle.encode(region, left, top, mask.shape[1], mask.shape[0]) == coco_counts(mask)


@pytest.mark.parametrize("shape", [(720, 1280), (1080, 1920), (4000, 3)])
@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 1.0])
def test_large_masks_are_encoded_as_pycocotools_encodes_them(shape: tuple[int, int], share: float) -> None:
    mask = np.random.default_rng(3).random(shape) < share
    counts = rle.encode(mask, 0, 0, shape[1], shape[0])
    assert counts == coco_counts(mask)
    assert coco.area({"size": list(shape), "counts": counts}) == mask.sum()


@given(of_one_size)
@settings(max_examples=300, deadline=None)
def test_many_masks_on_one_line_are_encoded_as_pycocotools_encodes_each(masks: npt.NDArray[np.bool_]) -> None:
    count, height, width = masks.shape
    found = [rle.column_runs(mask, 0, 0, height) for mask in masks]
    on_the_line = [np.stack(each) + nth * rle.places(width, height) for nth, each in enumerate(found)]
    starts, ends = np.concatenate([np.zeros((2, 0), np.int64), *on_the_line], axis=1)
    assert list(rle.encode_runs(starts, ends, count, width, height)) == [coco_counts(mask) for mask in masks]


def test_a_full_mask_does_not_run_into_the_next() -> None:
    starts, ends = np.array([0, 13]), np.array([12, 25])
    assert rle.encode_runs(starts, ends, 2, 4, 3) == (coco_counts(np.ones((3, 4), bool)),) * 2
