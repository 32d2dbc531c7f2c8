"""Where and how a value differs: every place, absolute and relative tolerances, and numbers of any size."""

from __future__ import annotations

import pytest

from deploy.expectations.values import differences


def said(expected: object, found: object, tolerance: float = 0.0, relative: float = 0.0) -> list[str]:
    return [str(each) for each in differences(expected, found, tolerance, relative)]


def test_every_difference_is_told_with_its_place() -> None:
    expected = {"a/b": [1, 2.5], "c": "x", "gone": None}
    found = {"a/b": [1, 3.5, 4], "c": "y", "d": 1}
    assert said(expected, found) == [
        "at /a~1b: a list of 3, expected is one of 2",
        "at /a~1b/1: 3.5, expected is 2.5",
        'at /c: "y", expected is "x"',
        "the key 'gone' is missing",
        "the key 'd' is not expected",
    ]


@pytest.mark.parametrize(
    ("found", "absolute", "relative", "same"),
    [(1000.5, 0.6, 0.0, True), (1000.5, 0.4, 0.0, False), (1000.5, 0.0, 1e-3, True), (1000.5, 0.0, 1e-4, False),
     (1000.15, 0.1, 1e-4, True), (1001, 0.6, 1e-4, False)],
)  # fmt: skip
def test_a_number_may_differ_absolutely_and_by_a_part_of_the_expected(
    found: float, absolute: float, relative: float, same: bool
) -> None:
    assert (not said(1000.0, found, absolute, relative)) is same


def test_whole_numbers_are_equal_or_different_whatever_their_size() -> None:
    assert said(10**6, 10**6 + 1, 10.0, 1.0) == ["1000001, expected is 1000000"]
    assert said(10**400, 0.5, 1e-6, 1e-4)
    assert said(10**400, 10**400, 1e-6, 1e-4) == []
