from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from detector.core.stages import Stages


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
