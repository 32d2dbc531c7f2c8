"""What any answer must satisfy, judged against an independent reading of the clip."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.cases import Detection, PredictedFrame, Predictions, VideoSize
from harness.cases.footage import ClipFacts
from harness.checks import answer

FACTS = ClipFacts(640, 480, 11, 1.0, times=tuple(number / 10 for number in range(11)))
STACK = replace(FACTS, times=())
SEEN = Detection((10.0, 20.0, 100.0, 200.0), 1, "cat", 0.9)


def frame(index: int, pts_seconds: float | None, *detections: Detection) -> PredictedFrame:
    return PredictedFrame(index, pts_seconds, detections)


def predictions(*frames: PredictedFrame) -> Predictions:
    return Predictions("rehearsal.predictions/1", VideoSize(640, 480), {1: "cat"}, {"frame_interval": 5}, frames)


GOOD = predictions(frame(0, 0.0, SEEN), frame(5, 0.5), frame(10, 1.0, SEEN))


def checks_of(predicted: Predictions) -> list[str]:
    return [finding.check for finding in answer.judge(predicted, FACTS, 5)]


def test_a_good_answer_has_no_findings() -> None:
    assert checks_of(GOOD) == []


@pytest.mark.parametrize(
    "frames",
    [
        GOOD.frames[:2],
        (*GOOD.frames, frame(15, 1.5)),
        (frame(0, 0.0), frame(6, 0.6), frame(10, 1.0)),
        (frame(0, 0.0), frame(5, 0.5), frame(5, 0.6)),
        (),
    ],
    ids=["one missing", "one too many", "a wrong one", "one twice", "none"],
)
def test_any_other_set_of_frames_is_an_error(frames: tuple[PredictedFrame, ...]) -> None:
    assert "answer.frames" in checks_of(replace(GOOD, frames=frames))


@pytest.mark.parametrize("wrong", [0.5, 0.998, 1.002, -0.1, None])
def test_another_time_than_the_clips_is_an_error_that_names_the_frame(wrong: float | None) -> None:
    (finding,) = answer.judge(predictions(frame(0, 0.0), frame(5, 0.5), frame(10, wrong)), FACTS, 5)
    assert (finding.check, finding.where) == ("answer.times", "frame 10")


@pytest.mark.parametrize(("aspect", "size"), [(1.5, (960, 480)), (0.5, (640, 960)), (1.0, (640, 480))])
def test_with_square_pixels_the_answer_is_in_the_shape_that_is_shown(aspect: float, size: tuple[int, int]) -> None:
    facts = replace(FACTS, pixel_aspect=aspect)
    squared = replace(GOOD, video=VideoSize(*size), settings={"square_pixels": True})
    stored = replace(GOOD, settings={"square_pixels": False})
    assert [answer.judge(each, facts, 5) for each in (squared, stored)] == [(), ()]
    if size != (640, 480):
        (finding,) = answer.judge(replace(squared, video=GOOD.video), facts, 5)
        assert (finding.check, finding.message.endswith(f"the clip has {size[0]}x{size[1]}")) == ("answer.size", True)


def test_a_millisecond_of_rounding_is_forgiven() -> None:
    assert checks_of(predictions(frame(0, 0.0), frame(5, 0.5), frame(10, 0.9993))) == []


def test_time_that_stands_still_is_right_where_the_clips_stands_still() -> None:
    still = replace(FACTS, times=(*FACTS.times[:6], *(0.5,) * 5))
    stuck = predictions(frame(0, 0.0), frame(5, 0.5), frame(10, 0.5))
    assert answer.judge(stuck, still, 5) == ()
    assert [finding.check for finding in answer.judge(GOOD, still, 5)] == ["answer.times"]


def test_frames_that_are_closer_than_a_millisecond_are_told_apart() -> None:
    fast = replace(FACTS, times=tuple(number / 2000 for number in range(11)))
    right = predictions(*(frame(index, fast.times[index]) for index in (0, 5, 10)))
    stuck = predictions(frame(0, 0.0), frame(5, fast.times[4]), frame(10, fast.times[9]))
    assert answer.judge(right, fast, 5) == ()
    assert [finding.check for finding in answer.judge(stuck, fast, 5)] == ["answer.times"]


def test_a_stack_of_pictures_has_no_time_and_needs_none() -> None:
    assert answer.judge(predictions(frame(0, None), frame(5, None), frame(10, None)), STACK, 5) == ()


def test_another_picture_size_is_an_error() -> None:
    assert checks_of(replace(GOOD, video=VideoSize(320, 240))) == ["answer.size"]


@pytest.mark.parametrize(
    "box",
    [(10.0, 20.0, 700.0, 200.0), (-5.0, 20.0, 100.0, 200.0), (100.0, 20.0, 10.0, 200.0), (10.0, 20.0, 10.0, 200.0)],
    ids=["too far right", "too far left", "corners exchanged", "no width"],
)
def test_a_box_that_cannot_be_in_the_picture_is_an_error(box: tuple[float, float, float, float]) -> None:
    found = replace(SEEN, box=box)
    assert checks_of(predictions(frame(0, 0.0, found), frame(5, 0.5), frame(10, 1.0))) == ["answer.boxes"]


def test_rounding_at_the_edge_is_forgiven() -> None:
    found = replace(SEEN, box=(-0.5, 0.0, 640.5, 480.0))
    assert checks_of(predictions(frame(0, 0.0, found), frame(5, 0.5), frame(10, 1.0))) == []
