"""A detector's answer against its golden: what drifts is found in its frame, what does not is silent."""

from __future__ import annotations

import copy
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.config.case_sections import GoldenSection
from harness.checks.golden import Verdict, judge
from tests.harness.goldens.examples import body_of, found, golden, predictions

ALLOWED = GoldenSection()
DOG, CAT = found((10, 10, 60, 60), 0.95), found((200, 100, 260, 190), 0.8, "cat")
SCENE = predictions([DOG, CAT], [DOG], [])
# Column by column, of 4 x 4 pixels: 8 then 8; 12 then 4; none.
HALF, LESS, NONE = "88", "<4", "`0"


def verdict(was: Any, now: Any, allowed: GoldenSection = ALLOWED, weights: str | None = None) -> Verdict:
    return judge(golden(body_of(was)), body_of(now), "application/json", allowed, weights)


def told(was: Any, now: Any, allowed: GoldenSection = ALLOWED) -> list[tuple[str, str | None, str]]:
    return [(each.check.removeprefix("golden."), each.where, each.severity)
            for each in verdict(was, now, allowed).findings]  # fmt: skip


boxes = st.tuples(*[st.integers(0, 30) for _ in range(4)]).map(lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3]))
objects = st.builds(found, boxes, st.sampled_from((0.2, 0.5, 0.9)), st.sampled_from(("dog", "cat")))
scenes = st.lists(st.lists(objects, max_size=5), max_size=3)


@settings(max_examples=60, deadline=None)
@given(scenes, st.randoms(use_true_random=False))
def test_permuting_the_detections_of_a_frame_changes_nothing(frames: list[list[Any]], order: random.Random) -> None:
    """Also boxes that are equal, overlap, or have no area."""
    shuffled = [order.sample(frame, len(frame)) for frame in frames]
    found = verdict(predictions(*frames), predictions(*shuffled))
    assert [each.check for each in found.findings] == ["golden.same"]
    assert not found.has_drifted
    assert all(metric.value in (0.0, 1.0) for metric in found.metrics)


@settings(max_examples=60, deadline=None)
@given(scenes.filter(any), st.floats(1.01, 400), st.integers(0, 3), st.data())
def test_moving_a_box_beyond_the_tolerance_is_found_in_its_frame(
    frames: list[list[Any]], far: float, side: int, data: st.DataObject
) -> None:
    index = data.draw(st.sampled_from([place for place, frame in enumerate(frames) if frame]))
    one = [[found((100 * place, 0, 100 * place + 40, 40)) for place in range(len(frame))] for frame in frames]
    moved = copy.deepcopy(one)
    moved[index][-1]["box"][side] += far
    drifted = verdict(predictions(*one), predictions(*moved))
    assert drifted.has_drifted
    assert drifted.frames == {index}
    assert f"frame {index}" in [each.where for each in drifted.findings]


@settings(max_examples=60, deadline=None)
@given(st.floats(-1, 1), st.integers(0, 3), st.floats(-0.01, 0.01))
def test_what_is_within_the_tolerance_is_silent(near: float, side: int, off: float) -> None:
    now = copy.deepcopy(SCENE)
    now["frames"][1]["detections"][0]["box"][side] += near
    now["frames"][1]["detections"][0]["score"] += off
    assert told(SCENE, now) == [("same", None, "info")]


def test_every_kind_of_drift_is_named_in_its_frame() -> None:
    now = predictions(
        [found((30, 10, 80, 60), 0.95), found(CAT["box"], 0.7, "dog")], [], [found((5, 5, 50, 50), 0.9, "cat")]
    )
    findings = verdict(SCENE, now).findings
    said = {(each.check, each.where): each.message.removeprefix("golden: ") for each in findings}
    assert said == {
        ("golden.lost", "frame 0"): "not found any more: dog 0.950 at [10.0, 10.0, 60.0, 60.0]",
        ("golden.new", "frame 0"): "found, and not in the golden: dog 0.950 at [30.0, 10.0, 80.0, 60.0]",
        ("golden.lost", "frame 1"): "not found any more: dog 0.950 at [10.0, 10.0, 60.0, 60.0]",
        ("golden.new", "frame 2"): "found, and not in the golden: cat 0.900 at [5.0, 5.0, 50.0, 50.0]",
        ("golden.label", "frame 0"): "dog 0.700 at [200.0, 100.0, 260.0, 190.0] was cat (0.800)",
    }
    assert all("`harness golden record --case rose --update` accepts it" in str(each.advice) for each in findings)


def test_a_box_that_moves_a_little_and_a_score_are_measured() -> None:
    now = predictions([found((12.5, 10, 60, 60), 0.90), CAT], [DOG], [])
    drifted = verdict(SCENE, now)
    assert [each.message for each in drifted.findings] == [
        "golden: moved: dog 0.900 at [12.5, 10.0, 60.0, 60.0] by 2.5 px from [10.0, 10.0, 60.0, 60.0]",
        "golden: other scores: dog 0.9000, was 0.9500",
    ]
    measured = {metric.name: (metric.value, metric.judgement) for metric in drifted.metrics}
    assert measured == {"golden_box_drift_pixels": (2.5, "failed"), "golden_score_drift": (0.05, "failed")}
    assert not verdict(SCENE, now, GoldenSection(box_pixels=2.5, score=0.05)).has_drifted


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [(HALF, LESS, "overlaps by 0.500"), (HALF, None, "is gone"), (None, HALF, "is new"),
     (HALF, "not a mask", "overlaps by 0.000"), (HALF, NONE, "overlaps by 0.000")],
)  # fmt: skip
def test_masks_are_compared_by_their_overlap(was: str | None, now: str | None, said: str) -> None:
    one, other = (predictions([found((0, 0, 4, 4), mask=mask)]) for mask in (was, now))
    (finding,) = verdict(one, other).findings
    assert (finding.check, finding.where) == ("golden.mask", "frame 0")
    assert finding.message.endswith(said)
    assert told(one, one) == [("same", None, "info")]


def test_an_object_at_the_threshold_may_be_in_one_answer_only_and_is_a_warning() -> None:
    at, above = found((300, 0, 340, 40), 0.505), found((300, 0, 340, 40), 0.52)
    assert told(predictions([at]), predictions([])) == [("lost", "frame 0", "warning"), ("same", None, "info")]
    assert told(predictions([]), predictions([at])) == [("new", "frame 0", "warning"), ("same", None, "info")]
    assert told(predictions([above]), predictions([])) == [("lost", "frame 0", "error")]
    unknown: dict[str, Any] = {"settings": {}}
    assert told(predictions([at], **unknown), predictions([], **unknown)) == [("lost", "frame 0", "error")]


def test_a_raised_threshold_is_said_to_explain_what_is_lost() -> None:
    settings = {"frame_interval": 1, "score_threshold": 0.9}
    assert told(SCENE, predictions([DOG], [DOG], [], settings=settings)) == [
        ("settings", None, "warning"), ("lost", "frame 0", "error")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"video": {"width": 360, "height": 640}}, ("size", None, "error")),
        ({"labels": {"1": "dog"}}, ("labels", None, "error")),
        ({"warnings": [{"code": "undecodable_packets", "message": "x", "packets": [3], "lost_frames": [1]}]},
         ("warnings", None, "error")),
    ],
)  # fmt: skip
def test_what_is_said_of_the_whole_clip_is_compared(changed: dict[str, Any], said: tuple[str, str, str]) -> None:
    assert told(SCENE, SCENE | changed) == [said]


def test_frames_and_times_are_compared() -> None:
    fewer = SCENE | {"frames": SCENE["frames"][:1]}
    (finding,) = verdict(SCENE, fewer).findings
    assert finding.message == "golden: 1 frames, the golden has 3: frames 1, 2 not answered"
    assert verdict(SCENE, fewer).frames == {1, 2}
    twice = SCENE | {"frames": [*SCENE["frames"], SCENE["frames"][2]]}
    assert told(SCENE, twice)[0] == ("frames", None, "error")
    late = copy.deepcopy(SCENE)
    late["frames"][1]["pts_seconds"] += 0.01
    late["frames"][2]["pts_seconds"] = None
    (finding,) = verdict(SCENE, late).findings
    assert (finding.check, finding.where) == ("golden.times", "frame 1")
    assert finding.message == "golden: 2 frames have another time: 0.11 s, was 0.1 s"


def test_a_thousand_drifts_are_a_page() -> None:
    many = predictions(*[[found((place * 5, 0, place * 5 + 4, 4)) for place in range(40)] for _ in range(300)])
    findings = verdict(many, predictions(*[[] for _ in range(300)])).findings
    assert len(findings) == 21
    assert findings[-1].message == "golden: and 280 more frames like this"
    assert max(len(each.message) for each in findings) < 500


def test_another_model_is_said_and_compared_all_the_same() -> None:
    same = verdict(SCENE, SCENE, weights="d" * 64)
    assert [(each.check, each.severity) for each in same.findings] == [
        ("golden.model", "warning"), ("golden.same", "info")
    ]  # fmt: skip
    assert "whose weights were bbbbbbbbbbbb, and now are dddddddddddd" in same.findings[0].message
    assert [each.check for each in verdict(SCENE, SCENE, weights="b" * 64).findings] == ["golden.same"]


def test_what_an_answer_holds_does_not_steer_the_terminal() -> None:
    strange = predictions([DOG | {"label": "\x1b[31mdog\u202e" + "x" * 1000}])
    (finding,) = verdict(predictions([]), strange).findings
    assert finding.message.isprintable()
    assert len(finding.message) < 500
