from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.report.drawing.colours import Colour, Palette, relative_luminance, text_on
from harness.report.drawing.pictures import Detection, Frame, draw, scaled_frame

GREY = 90
PALETTE = Palette.of(["blue square", "red circle"])


def grey(height: int = 120, width: int = 200) -> Frame:
    return np.full((height, width, 3), GREY, dtype=np.uint8)


def colour_at(frame: Frame, x: int, y: int) -> Colour:
    red, green, blue = (int(channel) for channel in frame[y, x])
    return red, green, blue


def circle(score: float = 0.9, box: tuple[float, float, float, float] = (40, 50, 120, 100)) -> Detection:
    return Detection(box, "red circle", score)


def test_a_box_has_its_labels_colour_on_all_four_edges() -> None:
    drawn = draw(grey(), [circle()], palette=PALETTE)
    for x, y in [(110, 50), (110, 100), (40, 90), (120, 75)]:
        assert colour_at(drawn, x, y) == PALETTE["red circle"]
    assert colour_at(drawn, 80, 75) == (GREY, GREY, GREY)


def test_the_frame_given_is_not_painted_on() -> None:
    frame = grey()
    drawn = draw(frame, [circle()])
    assert (frame == GREY).all()
    assert drawn.shape == frame.shape
    assert drawn.dtype == np.uint8


@pytest.mark.parametrize(("score", "shown"), [(0.49, False), (0.5, True), (0.51, True)])
def test_only_scores_from_the_threshold_on_are_drawn(score: float, shown: bool) -> None:
    drawn = draw(grey(), [circle(score)], threshold=0.5)
    assert bool((drawn != GREY).any()) is shown


def test_the_surer_box_lies_on_top() -> None:
    square = Detection((40, 50, 120, 100), "blue square", 0.6)
    for order in ([square, circle(0.9)], [circle(0.9), square]):
        assert colour_at(draw(grey(), order, palette=PALETTE), 80, 100) == PALETTE["red circle"]


def test_a_label_is_written_beside_its_box_in_text_that_stands_out() -> None:
    above_the_box = draw(grey(), [circle()], palette=PALETTE)[30:49, 40:120].reshape(-1, 3)
    assert (above_the_box == PALETTE["red circle"]).all(axis=1).any()
    assert (above_the_box == text_on(PALETTE["red circle"])).all(axis=1).any()


def test_of_two_labels_in_one_place_the_surer_keeps_it() -> None:
    square = Detection((40, 50, 120, 100), "blue square", 0.6)
    drawn = draw(grey(), [square, circle(0.9)], palette=PALETTE)
    assert colour_at(drawn, 41, 35) == PALETTE["red circle"]
    assert (drawn[51:66, 42:44] == PALETTE["blue square"]).all(axis=2).any()


def test_a_mask_tints_what_it_covers_and_nothing_else() -> None:
    mask = np.zeros((120, 200), dtype=np.bool_)
    mask[70:80, 60:70] = True
    drawn = draw(grey(), [Detection((40, 50, 120, 100), "red circle", 0.9, mask)], palette=PALETTE)
    assert colour_at(drawn, 65, 75) != (GREY, GREY, GREY)
    assert colour_at(drawn, 90, 75) == (GREY, GREY, GREY)


def test_a_known_truth_is_dashed_in_black_and_white() -> None:
    edge = draw(grey(), [], truth=[circle()])[50, 40:120]
    assert {int(pixel[0]) for pixel in edge} == {20, 255}


def test_a_caption_sits_in_the_lower_left_corner() -> None:
    drawn = draw(grey(), [], caption="1.20 s")
    assert (drawn[-5:, :10] != GREY).any()
    assert (drawn[:50] == GREY).all()


coordinates = st.floats(allow_nan=True, allow_infinity=True)


@given(box=st.tuples(coordinates, coordinates, coordinates, coordinates), label=st.text(max_size=60))
def test_any_box_and_any_label_can_be_drawn(box: tuple[float, float, float, float], label: str) -> None:
    assert draw(grey(40, 60), [Detection(box, label, 0.9)]).shape == (40, 60, 3)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (2, 300), (300, 2)])
def test_tiny_frames_can_be_drawn_on(height: int, width: int) -> None:
    assert draw(grey(height, width), [circle()], caption="0.00 s").shape == (height, width, 3)


def test_a_scaled_detection_fits_the_scaled_frame() -> None:
    mask = np.ones((120, 200), dtype=np.bool_)
    half = Detection((40, 50, 120, 100), "red circle", 0.9, mask).scaled(0.5)
    assert half.box == (20.0, 25.0, 60.0, 50.0)
    assert half.mask is not None
    assert half.mask.shape == scaled_frame(grey(), 0.5).shape[:2] == (60, 100)


class TestPalette:
    def test_a_label_keeps_its_colour_whatever_the_order(self) -> None:
        assert Palette.of(["a", "b", "c"]) == Palette.of(["c", "a", "b", "a"])

    def test_thirteen_labels_have_thirteen_colours(self) -> None:
        labels = [f"label {number}" for number in range(13)]
        assert len(set(Palette.of(labels).colours.values())) == 13

    def test_more_labels_than_colours_and_unknown_labels_have_a_colour(self) -> None:
        palette = Palette.of(f"label {number:02}" for number in range(30))
        assert palette["label 00"] == palette["label 13"]
        assert palette["never seen"] == palette["label 00"]

    def test_every_label_text_reaches_the_contrast_wcag_asks_of_text(self) -> None:
        for background in Palette.of(map(str, range(10, 23))).colours.values():
            lights: Sequence[float] = sorted((relative_luminance(background), relative_luminance(text_on(background))))
            assert (lights[1] + 0.05) / (lights[0] + 0.05) >= 4.5
