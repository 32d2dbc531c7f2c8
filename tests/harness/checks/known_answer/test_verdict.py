"""The judge names the mistake, on answers made from the truth of the known answer."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest

from deploy.evidence import Finding
from harness.cases import Detection, Predictions, Rle, Truth, VideoSize
from harness.cases.known_answer import KNOWN_ANSWER
from harness.checks.known_answer import judge
from tests.harness.checks.known_answer.answers import (
    detection,
    perfect,
    relabelled,
    with_boxes,
    with_detections,
    with_frames,
)

Mistake = Callable[[Truth], Predictions]

TRUTH = Truth.read(KNOWN_ANSWER.truth)


@pytest.fixture
def truth() -> Truth:
    return TRUTH


def errors(findings: tuple[Finding, ...]) -> dict[str, str]:
    return {finding.check: finding.message for finding in findings if finding.severity == "error"}


@pytest.mark.parametrize("interval", [1, 2, 5, 62, 63, 1000])
def test_a_perfect_answer_scores_one_and_has_no_findings(truth: Truth, interval: int) -> None:
    verdict = judge(perfect(truth, interval, masks=True), truth)
    assert verdict.passed
    assert verdict.findings == ()
    assert verdict.masks is not None
    assert [verdict.boxes.map50, verdict.boxes.map50_95, verdict.masks.map50] == pytest.approx([1.0] * 3)
    assert verdict.expected_frames == verdict.answered_frames == -(-63 // interval)


def swapped_channels(truth: Truth) -> Predictions:
    return relabelled(perfect(truth), lambda label_id: (label_id + 2) % 6 + 1)


def boxes_of_the_model_input(truth: Truth) -> Predictions:
    return with_boxes(perfect(truth), lambda *box: (box[0] * 0.8, box[1] * 0.8, box[2] * 0.8, box[3] * 0.8))


def boxes_of_a_squashed_picture(truth: Truth) -> Predictions:
    return with_boxes(perfect(truth), lambda *box: (box[0] * 0.5, box[1], box[2] * 0.5, box[3]))


def boxes_as_fractions(truth: Truth) -> Predictions:
    return with_boxes(perfect(truth), lambda *box: (box[0] / 320, box[1] / 240, box[2] / 320, box[3] / 240))


def boxes_with_padding(truth: Truth) -> Predictions:
    return with_boxes(perfect(truth), lambda *box: (box[0], box[1] + 40, box[2], box[3] + 40))


def boxes_mirrored(truth: Truth) -> Predictions:
    return with_boxes(perfect(truth), lambda *box: (320 - box[2], box[1], 320 - box[0], box[3]))


def boxes_y_first(truth: Truth) -> Predictions:
    return with_boxes(perfect(truth), lambda *box: (box[1], box[0], box[3], box[2]))


def boxes_turned(truth: Truth) -> Predictions:
    return with_boxes(perfect(truth), lambda *box: (240 - box[3], box[0], 240 - box[1], box[2]))


def boxes_with_width_and_height(truth: Truth) -> Predictions:
    return with_boxes(perfect(truth), lambda *box: (box[0], box[1], box[2] - box[0], box[3] - box[1]))


def labels_one_too_high(truth: Truth) -> Predictions:
    return relabelled(perfect(truth), lambda label_id: min(label_id + 1, 6))


def circles_called_squares(truth: Truth) -> Predictions:
    return relabelled(perfect(truth), lambda label_id: {1: 2, 2: 1}.get(label_id, label_id))


def frames_one_late(truth: Truth) -> Predictions:
    return perfect(truth, content_offset=1)


def frames_a_sample_late(truth: Truth) -> Predictions:
    return perfect(truth, content_offset=5)


def frames_counted_as_answers(truth: Truth) -> Predictions:
    answer = perfect(truth)
    numbered = (dataclasses.replace(frame, frame_index=place) for place, frame in enumerate(answer.frames))
    return dataclasses.replace(answer, frames=tuple(numbered))


def frames_not_skipped(truth: Truth) -> Predictions:
    consecutive = perfect(truth, 1).frames
    answer = perfect(truth)
    frames = [
        dataclasses.replace(frame, detections=consecutive[place].detections)
        for place, frame in enumerate(answer.frames)
    ]
    return dataclasses.replace(answer, frames=tuple(frames))


@pytest.mark.parametrize(
    ("mistake", "check", "words"),
    [
        (swapped_channels, "channels", "fed BGR"),
        (boxes_of_the_model_input, "geometry", "a picture of 256x192, not the video's 320x240"),
        (boxes_of_a_squashed_picture, "geometry", "scaled by 0.500 along x and 1.000 along y"),
        (boxes_as_fractions, "geometry", "fractions of the picture"),
        (boxes_with_padding, "geometry", "displaced by +0.0 pixels along x and +40.0 along y"),
        (boxes_mirrored, "geometry", "mirrored: left and right"),
        (boxes_y_first, "geometry", "x and y are exchanged"),
        (boxes_turned, "geometry", "turned by a quarter"),
        (boxes_with_width_and_height, "geometry", "x, y, width and height"),
        (labels_one_too_high, "labels", "label ids 1 too high"),
        (circles_called_squares, "labels", "'red square' is called 'red circle'"),
        (frames_one_late, "frame_index", "frame i fits frame i+1"),
        (frames_a_sample_late, "frame_index", "frame i fits frame i+5"),
        (frames_counted_as_answers, "frame_index", "counts the answers"),
        (frames_not_skipped, "frame_index", "the first 13 frames of the clip one after another"),
    ],
)
def test_a_mistake_fails_the_gate_and_is_named(truth: Truth, mistake: Mistake, check: str, words: str) -> None:
    verdict = judge(mistake(truth), truth)
    found = errors(verdict.findings)
    assert verdict.boxes.map50 < 0.9
    assert "below the gate of 0.9" in found["known_answer.map50"]
    named = [finding for finding in verdict.findings if words in finding.message]
    assert [finding.check for finding in named] == [f"known_answer.{check}"]
    assert named[0].severity == "error"
    assert named[0].advice


def test_a_small_displacement_passes_with_a_warning(truth: Truth) -> None:
    verdict = judge(with_boxes(perfect(truth), lambda *box: (box[0] + 2, box[1], box[2] + 2, box[3])), truth)
    assert verdict.passed
    assert [finding.check for finding in verdict.findings] == ["known_answer.geometry"]
    assert "displaced by +2.0 pixels along x" in verdict.findings[0].message


def test_an_answer_that_is_merely_bad_gets_no_cause(truth: Truth) -> None:
    def only_reds(found: Detection) -> bool:
        return found.label.startswith("red")

    answer = with_frames(
        perfect(truth),
        lambda frame: dataclasses.replace(frame, detections=tuple(filter(only_reds, frame.detections))),
    )
    verdict = judge(answer, truth)
    assert verdict.boxes.map50 == pytest.approx(0.5)
    assert any("objects are not surely found" in finding.message for finding in verdict.findings)
    assert set(errors(verdict.findings)) == {"known_answer.map50"}


def test_an_empty_answer_fails_for_its_missing_frames(truth: Truth) -> None:
    verdict = judge(dataclasses.replace(perfect(truth), frames=()), truth)
    assert verdict.boxes.map50 == 0.0
    assert errors(verdict.findings)["known_answer.sampling"] == "frames are missing: 0 answers for 13 sampled frames"


def test_invented_objects_are_told_of_though_the_gate_forgives_them(truth: Truth) -> None:
    ghost = detection(truth.frames[0].objects[0], score=0.999)
    answer = with_frames(
        perfect(truth), lambda frame: dataclasses.replace(frame, detections=(*frame.detections, ghost))
    )
    verdict = judge(answer, truth)
    assert 0.9 < verdict.boxes.map50 < 0.95
    told = [finding.message for finding in verdict.findings]
    assert told == ["13 sure detections fit no object; the answered frames hold 39 objects"]


def test_a_dropped_last_batch_is_missing_frames(truth: Truth) -> None:
    answer = perfect(truth)
    verdict = judge(dataclasses.replace(answer, frames=answer.frames[:8]), truth)
    assert verdict.boxes.map50 < 0.9
    finding = next(finding for finding in verdict.findings if finding.check == "known_answer.sampling")
    assert finding.where == "frames 40, 45, 50, 55, 60"
    assert "last, incomplete batch" in (finding.advice or "")


def test_a_frame_left_out_in_the_middle_is_told_from_a_dropped_end(truth: Truth) -> None:
    answer = perfect(truth)
    verdict = judge(dataclasses.replace(answer, frames=answer.frames[:3] + answer.frames[4:]), truth)
    finding = next(finding for finding in verdict.findings if finding.check == "known_answer.sampling")
    assert finding.where == "frame 15"
    assert "nothing is found" in (finding.advice or "")


def test_a_repeated_frame_is_an_error(truth: Truth) -> None:
    answer = perfect(truth)
    verdict = judge(dataclasses.replace(answer, frames=(*answer.frames, answer.frames[4])), truth)
    assert "more than once" in errors(verdict.findings)["known_answer.sampling"]


def test_frames_out_of_order_are_an_error(truth: Truth) -> None:
    answer = perfect(truth)
    verdict = judge(dataclasses.replace(answer, frames=answer.frames[::-1]), truth)
    assert errors(verdict.findings) == {"known_answer.sampling": "the answers are not in the order of the frames"}


def test_an_interval_that_was_ignored_is_surplus_frames(truth: Truth) -> None:
    answer = dataclasses.replace(perfect(truth, 1), settings={"frame_interval": 5})
    assert "not asked for" in errors(judge(answer, truth).findings)["known_answer.sampling"]


def test_an_interval_other_than_asked_for_is_an_error(truth: Truth) -> None:
    verdict = judge(perfect(truth, 2), truth, frame_interval=1)
    assert any("interval of 1 was asked for; the answer says 2" in finding.message for finding in verdict.findings)
    assert verdict.expected_frames == 63


def test_an_answer_without_an_interval_is_held_against_every_frame(truth: Truth) -> None:
    verdict = judge(dataclasses.replace(perfect(truth, 1), settings={}), truth)
    assert verdict.passed
    assert [finding.severity for finding in verdict.findings] == ["warning"]


@pytest.mark.parametrize(
    ("wrong_time", "words"),
    [
        (lambda pts: pts * 1000, "they are milliseconds"),
        (lambda pts: pts * 12.5, "they are frame numbers"),
        (lambda pts: pts * 12.5 / 12, "as if the clip had 12 frames a second instead of 12.5"),
        (lambda pts: pts + 0.08, "all are 0.080 s too late"),
        (lambda pts: pts - 0.4, "all are 0.400 s too early"),
        (lambda _: None, "13 of 13 frames have no time stamp"),
        (lambda pts: pts * 0, "12 of 13 time stamps are wrong; frame 5 is at 0.400 s, not 0.000 s"),
    ],
)
def test_wrong_time_stamps_fail_though_the_boxes_fit(
    truth: Truth, wrong_time: Callable[[float], float | None], words: str
) -> None:
    answer = with_frames(
        perfect(truth), lambda frame: dataclasses.replace(frame, pts_seconds=wrong_time(frame.pts_seconds or 0.0))
    )
    verdict = judge(answer, truth)
    assert verdict.boxes.map50 == pytest.approx(1.0)
    assert words in errors(verdict.findings)["known_answer.time_stamps"]


def test_the_size_of_the_model_input_is_not_the_size_of_the_video(truth: Truth) -> None:
    answer = dataclasses.replace(perfect(truth), video=VideoSize(256, 192))
    assert "256x192; it is 320x240" in errors(judge(answer, truth).findings)["known_answer.video_size"]


def test_exchanged_width_and_height_are_called_that(truth: Truth) -> None:
    verdict = judge(dataclasses.replace(perfect(truth), video=VideoSize(240, 320)), truth)
    assert [finding.advice for finding in verdict.findings] == ["width and height are exchanged"]


def test_a_wrong_table_of_labels_is_an_error(truth: Truth) -> None:
    answer = dataclasses.replace(perfect(truth), labels=dict(truth.labels) | {3: "kite"})
    assert "label 3 is 'red triangle', not 'kite'" in {finding.message for finding in judge(answer, truth).findings}


def test_a_label_beyond_the_table_is_an_error(truth: Truth) -> None:
    answer = with_detections(perfect(truth), lambda found: dataclasses.replace(found, label_id=found.label_id + 1))
    messages = [finding.message for finding in judge(answer, truth).findings]
    assert "there is no label 7 ('blue triangle') in this clip" in messages
    assert any("label ids 1 too high" in message for message in messages)


@pytest.mark.parametrize("bad_score", [-0.1, 1.5])
def test_scores_are_probabilities(truth: Truth, bad_score: float) -> None:
    answer = with_detections(perfect(truth), lambda found: dataclasses.replace(found, score=bad_score))
    assert "known_answer.scores" in errors(judge(answer, truth).findings)


def test_a_mask_of_another_size_fails_without_being_scored(truth: Truth) -> None:
    answer = with_detections(
        perfect(truth, masks=True), lambda found: dataclasses.replace(found, mask=Rle((28, 28), "PX"))
    )
    verdict = judge(answer, truth)
    assert verdict.masks is None
    assert [finding.message for finding in verdict.findings] == [
        "masks have another size than the video",
        "masks whose runs do not fill their size",
    ]


def test_masks_of_other_objects_fail_the_gate_though_the_boxes_fit(truth: Truth) -> None:
    elsewhere = truth.frames[20].objects[0].mask
    answer = with_detections(perfect(truth, masks=True), lambda found: dataclasses.replace(found, mask=elsewhere))
    verdict = judge(answer, truth)
    assert verdict.boxes.map50 == pytest.approx(1.0)
    assert "mAP@0.5 of the masks" in errors(verdict.findings)["known_answer.map50"]


def test_masks_on_some_detections_alone_are_an_error(truth: Truth) -> None:
    answer = with_detections(
        perfect(truth, masks=True),
        lambda found: dataclasses.replace(found, mask=found.mask if found.label_id > 1 else None),
    )
    assert "some have none" in errors(judge(answer, truth).findings)["known_answer.masks"]
