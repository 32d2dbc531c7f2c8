"""What any answer must satisfy, judged against an independent reading of the clip."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.cases import Detection, PredictedFrame, Predictions, VideoSize
from harness.cases.footage import ClipFacts
from harness.checks import answer

FACTS = ClipFacts(width=640, height=480, frame_count=11, duration_seconds=1.0)
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


def test_time_that_stands_still_is_an_error_that_names_the_frame() -> None:
    stuck = predictions(frame(0, 0.0), frame(5, 0.5), frame(10, 0.5))
    (finding,) = answer.judge(stuck, FACTS, 5)
    assert (finding.check, finding.where) == ("answer.times", "frame 10")


def test_time_before_the_clip_is_an_error() -> None:
    assert checks_of(predictions(frame(0, -0.1), frame(5, 0.5), frame(10, 1.0))) == ["answer.times"]


def test_a_stack_of_pictures_has_no_time_and_needs_none() -> None:
    assert checks_of(predictions(frame(0, None), frame(5, None), frame(10, None))) == []


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
