from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from detector.core.stages import Stages
from detector.speed.prefetch import made_ahead


@dataclass
class Clock:
    seconds: float = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_a_stage_within_a_stage_is_taken_out_of_the_outer_one() -> None:
    clock = Clock()
    stages = Stages(clock)
    with stages.during("write"):
        clock.seconds += 1
        with stages.during("forward"):
            clock.seconds += 10
        clock.seconds += 2
    assert stages.seconds == {"write": 3, "forward": 10}


def test_the_time_to_make_items_is_that_of_their_stage() -> None:
    clock = Clock()
    stages = Stages(clock)

    def slow() -> Iterator[int]:
        for number in range(3):
            clock.seconds += 2
            yield number

    for _ in stages.each("decode", slow()):
        clock.seconds += 100
    assert stages.seconds == {"decode": 6}


def test_the_line_is_json_behind_its_name() -> None:
    clock = Clock()
    stages = Stages(clock)
    with stages.during("decode"):
        clock.seconds += 0.25
    stages.count("frames", 3)
    stages.count("frames", 2)
    name, _, document = stages.line(gpu_peak_bytes=None).partition(" ")
    assert name == "stages"
    assert json.loads(document) == {
        "total_seconds": 0.25,
        "seconds": {"decode": 0.25},
        "counts": {"frames": 5},
        "gpu_peak_bytes": None,
    }


def test_what_is_made_ahead_comes_in_order() -> None:
    with made_ahead(iter(range(50))) as numbers:
        assert list(numbers) == list(range(50))


def test_an_error_while_making_is_raised_where_it_would_have_been() -> None:
    def fails() -> Iterator[int]:
        yield 1
        raise OSError("the disk is gone")

    with made_ahead(fails()) as numbers:
        assert next(numbers) == 1
        with pytest.raises(OSError, match="the disk is gone"):
            next(numbers)


def test_nothing_is_made_any_more_once_the_context_is_left() -> None:
    made: list[int] = []

    def endless() -> Iterator[int]:
        while True:
            made.append(len(made))
            yield made[-1]

    with made_ahead(endless()) as numbers:
        assert [next(numbers) for _ in range(3)] == [0, 1, 2]
    count = len(made)
    assert count <= 6
    assert len(made) == count
