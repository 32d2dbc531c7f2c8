"""A box on a threshold may come or go, and nothing else may."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from benchmarks.contestants.sameness import Sameness, compared

Box = tuple[float, float, float, float]
PLAIN: Box = (10, 10, 50, 60)
FAR: Box = (200, 200, 260, 280)


def frame(*rows: tuple[Box, int, float]) -> dict[str, Any]:
    return {
        "boxes": [list(box) for box, _, _ in rows],
        "labels": [label for _, label, _ in rows],
        "scores": [score for _, _, score in rows],
    }


def test_the_same_answers_are_the_same_in_any_order() -> None:
    one, two = (PLAIN, 1, 0.9), (FAR, 2, 0.9)
    assert compared([frame(one, two)], [frame(two, one)]) == Sameness(0, ())
    assert compared([frame()], [frame()]) == Sameness(0, ())


def test_rounding_is_no_difference() -> None:
    moved: Box = (10.0005, 10, 50, 60)
    assert compared([frame((moved, 1, 0.900005))], [frame((PLAIN, 1, 0.9))]) == Sameness(0, ())


def test_a_score_on_the_threshold_may_come_or_go_and_is_counted() -> None:
    both, on_line = (PLAIN, 1, 0.9), (FAR, 1, 0.05006)
    assert compared([frame(both, on_line)], [frame(both)]) == Sameness(1, ())
    assert compared([frame(both)], [frame(both, on_line)]) == Sameness(1, ())
    assert compared([frame(on_line)], [frame()]) == Sameness(1, ())


def test_an_overlap_on_the_threshold_may_come_or_go_only_with_a_box_of_its_label() -> None:
    half: Box = (10, 10, 50, 35.002)  # IoU of 0.50004 with PLAIN
    better = (PLAIN, 1, 0.9)
    assert compared([frame(better, (half, 1, 0.6))], [frame(better)]) == Sameness(1, ())
    other_label = compared([frame(better, (half, 2, 0.6))], [frame(better)])
    assert (other_label.borderline, len(other_label.faults)) == (0, 1)


def test_any_other_box_more_or_less_is_a_fault_that_names_it() -> None:
    both, near = (PLAIN, 1, 0.9), (FAR, 7, 0.0502)
    assert compared([frame(both, near)], [frame(both)]).faults == (
        "frame 0: only the answer has label 7 with score 0.050200 at (200.00, 200.00, 260.00, 280.00)",
    )
    assert "the answer lacks label 7" in compared([frame(both)], [frame(both, near)]).faults[0]


def test_another_label_score_or_place_is_a_fault_of_both() -> None:
    expected = [frame((PLAIN, 1, 0.9))]
    for changed in ((PLAIN, 2, 0.9), (PLAIN, 1, 0.9001), ((10.01, 10, 50, 60), 1, 0.9)):
        assert len(compared([frame(changed)], expected).faults) == 2


def test_a_frame_less_is_a_fault() -> None:
    assert compared([], [frame()]).faults == ("0 frames instead of 1",)


def test_two_equal_boxes_need_two_partners() -> None:
    twin = (PLAIN, 1, 0.9)
    assert len(compared([frame(twin, twin)], [frame(twin)]).faults) == 1


@given(st.floats(0, 1), st.booleans())
def test_only_scores_within_the_line_are_borderline(score: float, is_extra: bool) -> None:
    one, none = [frame((PLAIN, 1, score))], [frame()]
    found = compared(one, none) if is_extra else compared(none, one)
    assert found.borderline + len(found.faults) == 1
    assert found.borderline == (abs(score - 0.05) <= 1e-4)
