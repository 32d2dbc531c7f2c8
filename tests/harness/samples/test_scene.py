"""Scenes: fair to a detector, and the same everywhere."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.samples.drawing import draw, look
from harness.samples.scene import LABELS, Scene, Shape, place


def small_scene(seed: int) -> Scene:
    return place(seed, width=320, height=240, frame_count=40, per_class=1)


@given(st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_things_are_wholly_visible_and_never_touch(seed: int) -> None:
    scene = small_scene(seed)
    for frame in range(scene.frame_count):
        for thing in scene.present(frame):
            x, y = thing.centre(frame)
            assert thing.radius_pixels < x < scene.width - thing.radius_pixels
            assert thing.radius_pixels < y < scene.height - thing.radius_pixels
        for one, other in combinations(scene.present(frame), 2):
            gap = math.dist(one.centre(frame), other.centre(frame)) - one.radius_pixels - other.radius_pixels
            assert gap > 4


@given(st.integers(0, 10_000))
@settings(max_examples=10, deadline=None)
def test_one_seed_gives_one_scene_and_one_picture(seed: int) -> None:
    scene = small_scene(seed)
    assert scene == small_scene(seed)
    assert np.array_equal(draw(scene, 7).picture, draw(small_scene(seed), 7).picture)


@given(st.integers(0, 10_000))
@settings(max_examples=15, deadline=None)
def test_a_box_is_the_tightest_around_its_mask_and_the_mask_has_the_area_of_its_shape(seed: int) -> None:
    scene = small_scene(seed)
    for seen in look(scene, 20):
        rows, columns = np.nonzero(seen.mask)
        assert seen.box == (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
        radius = seen.thing.radius_pixels
        factor = {Shape.CIRCLE: math.pi, Shape.SQUARE: 2.0, Shape.TRIANGLE: 3 * math.sqrt(3) / 4}[seen.thing.shape]
        assert abs(seen.mask.sum() - factor * radius**2) < 0.08 * factor * radius**2


def test_labels_are_hue_and_shape_counted_from_one() -> None:
    assert list(LABELS.items()) == [
        (1, "red circle"),
        (2, "red square"),
        (3, "red triangle"),
        (4, "blue circle"),
        (5, "blue square"),
        (6, "blue triangle"),
    ]
    scene = small_scene(3)
    assert all(LABELS[thing.label_id] == f"{thing.hue} {thing.shape}" for thing in scene.things)
