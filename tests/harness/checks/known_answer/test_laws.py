"""What holds for any truth and any answer."""

from __future__ import annotations

import dataclasses
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

from harness.cases import Detection, PredictedFrame, Predictions, Rle, TrueFrame, TrueObject, Truth, VideoSize
from harness.cases.known_answer import KNOWN_ANSWER
from harness.cases.predictions import SCHEMA as PREDICTIONS_SCHEMA
from harness.cases.truth import SCHEMA
from harness.checks.known_answer import judge
from harness.checks.masks import is_sound
from tests.harness.checks.known_answer.answers import perfect, with_boxes, with_detections, with_frames

WIDTH, HEIGHT = 64, 48
LABELS = {1: "red circle", 2: "blue circle", 3: "tree"}


def encode(mask: NDArray[np.uint8]) -> Rle:
    encoded = coco_mask.encode(np.asfortranarray(mask))
    return Rle((mask.shape[0], mask.shape[1]), encoded["counts"].decode())


@st.composite
def objects(draw: st.DrawFn) -> TrueObject:
    x1, y1 = draw(st.integers(0, WIDTH - 2)), draw(st.integers(0, HEIGHT - 2))
    x2, y2 = draw(st.integers(x1 + 1, WIDTH)), draw(st.integers(y1 + 1, HEIGHT))
    label_id = draw(st.sampled_from(sorted(LABELS)))
    mask = np.zeros((HEIGHT, WIDTH), dtype=np.uint8)
    mask[y1:y2, x1:x2] = 1
    return TrueObject(draw(st.integers(1, 9)), label_id, LABELS[label_id], (x1, y1, x2, y2), encode(mask))


@st.composite
def truths(draw: st.DrawFn) -> Truth:
    seen = draw(st.lists(st.lists(objects(), max_size=4), min_size=1, max_size=6))
    frames = tuple(TrueFrame(index, index / 10, tuple(there)) for index, there in enumerate(seen))
    return Truth(SCHEMA, "clip.mp4", "", WIDTH, HEIGHT, 10.0, len(frames), LABELS, frames)


@given(truths(), st.integers(1, 7))
@settings(max_examples=60, deadline=None)
def test_the_truth_itself_is_always_a_perfect_answer(truth: Truth, interval: int) -> None:
    verdict = judge(perfect(truth, interval, masks=True), truth)
    assert verdict.boxes.map50 == pytest.approx(1.0)
    assert verdict.boxes.map50_95 == pytest.approx(1.0)
    assert verdict.findings == ()


@st.composite
def wild_answers(draw: st.DrawFn) -> Predictions:
    """Whatever the door lets in, mistakes of every kind at once."""
    corner = st.one_of(st.integers(-100, 400).map(float), st.floats(-1e6, 1e6))
    found = st.builds(
        Detection,
        st.tuples(corner, corner, corner, corner),
        st.one_of(st.integers(0, 4), st.integers()),
        st.sampled_from(["red circle", "blue circle", ""]),
        st.floats(allow_nan=False, allow_infinity=False),
        st.sampled_from([None, Rle((HEIGHT, WIDTH), "nonsense"), encode(np.ones((HEIGHT, WIDTH), dtype=np.uint8))]),
    )
    frame = st.builds(PredictedFrame, st.integers(-3, 12), st.floats(-1e9, 1e9), st.lists(found, max_size=4).map(tuple))
    frames = draw(st.lists(frame, max_size=8))
    interval = draw(st.sampled_from([None, 1, 2, 5]))
    size = VideoSize(draw(st.integers(-1, 99)), draw(st.integers(-1, 99)))
    return Predictions(PREDICTIONS_SCHEMA, size, LABELS, {"frame_interval": interval}, tuple(frames))


@given(wild_answers(), truths())
@settings(max_examples=150, deadline=None)
def test_no_answer_however_wild_breaks_the_judge(answer: Predictions, truth: Truth) -> None:
    verdict = judge(answer, truth)
    assert 0 <= verdict.boxes.map50_95 <= verdict.boxes.map50 <= 1
    assert verdict.passed == all(finding.severity != "error" for finding in verdict.findings)


@given(truth=truths())
@settings(max_examples=40, deadline=None)
def test_a_truth_survives_its_file(truth: Truth, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("truth") / "truth.json"
    path.write_text(truth.to_json(), encoding="utf-8")
    assert Truth.read(path) == truth


@given(st.randoms(use_true_random=False))
@settings(max_examples=15, deadline=None)
def test_the_order_of_detections_within_a_frame_does_not_matter(dice: random.Random) -> None:
    truth = Truth.read(KNOWN_ANSWER.truth)
    answer = jittered(perfect(truth), dice)
    shuffled = with_frames(
        answer,
        lambda frame: dataclasses.replace(
            frame, detections=tuple(dice.sample(frame.detections, len(frame.detections)))
        ),
    )
    assert judge(shuffled, truth).boxes == judge(answer, truth).boxes


@given(st.randoms(use_true_random=False))
@settings(max_examples=15, deadline=None)
def test_boxes_unsteady_by_a_pixel_pass_and_accuse_nobody(dice: random.Random) -> None:
    truth = Truth.read(KNOWN_ANSWER.truth)
    answer = with_boxes(
        perfect(truth),
        lambda *box: (
            box[0] + dice.uniform(-1, 1),
            box[1] + dice.uniform(-1, 1),
            box[2] + dice.uniform(-1, 1),
            box[3] + dice.uniform(-1, 1),
        ),
    )
    assert judge(answer, truth).findings == ()


def jittered(answer: Predictions, dice: random.Random) -> Predictions:
    """Boxes off by up to a third of an object, some labels wrong, no two scores alike."""

    def shake(found: Detection) -> Detection:
        x, y = dice.uniform(-12, 12), dice.uniform(-12, 12)
        label_id = dice.choice([found.label_id, found.label_id, found.label_id, 1])
        box = (found.box[0] + x, found.box[1] + y, found.box[2] + x, found.box[3] + y)
        return Detection(box, label_id, answer.labels[label_id], dice.random())

    return with_detections(answer, shake)


@given(st.integers(1, 12), st.integers(1, 12), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_every_mask_that_pycocotools_writes_is_sound(height: int, width: int, dice: random.Random) -> None:
    density = dice.random()
    mask = np.array([[dice.random() < density for _ in range(width)] for _ in range(height)], dtype=np.uint8)
    encoded = encode(mask)
    assert is_sound(encoded)
    assert not is_sound(dataclasses.replace(encoded, size=(height + 1, width)))


@given(st.text(alphabet="012345PQ`op~\n\xe9", max_size=4))
@settings(max_examples=300, deadline=None)
def test_what_is_sound_is_safe_to_score_whoever_wrote_it(text: str) -> None:
    mask = Rle((2, 2), text)
    if is_sound(mask):
        assert 0 <= coco_mask.area({"size": [2, 2], "counts": text}) <= 4


@pytest.mark.parametrize("text", ["", "4", "not a mask", "\N{SNOWMAN}", "P", "o" * 100, "ooooooooo0"])
def test_a_text_that_does_not_fill_the_picture_is_unsound(text: str) -> None:
    assert not is_sound(Rle((240, 320), text))
