from __future__ import annotations

from collections.abc import Iterator

import pytest

from detector.speed.prefetch import prefetched


def test_what_is_made_ahead_comes_in_order() -> None:
    with prefetched(iter(range(50))) as numbers:
        assert list(numbers) == list(range(50))


def test_an_error_while_making_is_raised_where_it_would_have_been() -> None:
    def fails() -> Iterator[int]:
        yield 1
        raise OSError("the disk is gone")

    with prefetched(fails()) as numbers:
        assert next(numbers) == 1
        with pytest.raises(OSError, match="the disk is gone"):
            next(numbers)


def test_nothing_is_made_any_more_once_the_context_is_left() -> None:
    made: list[int] = []

    def endless() -> Iterator[int]:
        while True:
            made.append(len(made))
            yield made[-1]

    with prefetched(endless()) as numbers:
        assert [next(numbers) for _ in range(3)] == [0, 1, 2]
    count = len(made)
    assert count <= 6
    assert len(made) == count
