from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy
from pycocotools import mask as coco
from torchvision.models.detection.roi_heads import paste_masks_in_image

from detector.core import rle
from detector.model.maskrcnn import masks

pictures = st_numpy.arrays(bool, st.tuples(st.integers(1, 40), st.integers(1, 40)), elements=st.booleans())


def coco_counts(mask: npt.NDArray[np.bool_]) -> str:
    counts: bytes = coco.encode(np.asfortranarray(mask.astype(np.uint8)))["counts"]
    return counts.decode()


@given(pictures)
@settings(max_examples=300)
def test_a_whole_mask_is_encoded_as_pycocotools_encodes_it(mask: npt.NDArray[np.bool_]) -> None:
    height, width = mask.shape
    assert rle.encode(mask, 0, 0, width, height) == coco_counts(mask)


@given(pictures, st.data())
@settings(max_examples=300)
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


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_masks_are_pasted_pixel_by_pixel_as_torchvision_pastes_them(seed: int) -> None:
    random = np.random.default_rng(seed)
    width, height = (int(side) for side in random.integers(20, 200, 2))
    corners = np.sort(random.uniform(0, 1, (5, 2, 2)), axis=1) * [width, height]
    boxes = corners.reshape(5, 4).astype(np.float32)
    probabilities = torch.from_numpy(random.random((5, 28, 28), np.float32))
    pasted = paste_masks_in_image(probabilities[:, None], torch.from_numpy(boxes), (height, width))[:, 0] > 0.5
    expected = [coco_counts(mask) for mask in pasted.numpy()]
    assert list(masks.encoded(probabilities, boxes, width, height)) == expected


def test_no_detections_have_no_masks() -> None:
    assert masks.encoded(torch.zeros(0, 28, 28), np.zeros((0, 4), np.float32), 64, 48) == ()
