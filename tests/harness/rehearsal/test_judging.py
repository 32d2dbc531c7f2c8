"""From an outcome to a case of the evidence: what each way of ending says."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from deploy.async_client import Completed, Failed, Notification, Submitted, Unanswered
from harness import cases
from harness.cases import Case, Demands
from harness.rehearsal import judging

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ACCEPTED = Submitted("id-1", "s3://b/in/1.mp4", "s3://b/out/1.out", "s3://b/failure/1-error.out")
SUCCESS = Notification("success", {"inferenceId": "id-1", "invocationStatus": "Completed"})
REASON = "ClientError: Received client error (400) from model. See the SageMaker Endpoint logs in your account."
ERROR = Notification("error", {"inferenceId": "id-1", "invocationStatus": "Failed", "failureReason": REASON})
DEMANDS = Demands(frame_interval=5, map50_at_least=0.9)


@pytest.fixture(scope="module")
def known() -> cases.KnownAnswer:
    return cases.open_known_answer(None)


@pytest.fixture(scope="module")
def case(known: cases.KnownAnswer) -> Case:
    return cases.of_known_answer(known)


def perfect_answer(case: Case, interval: int = 5) -> dict[str, Any]:
    assert case.truth is not None
    return {
        "schema": "rehearsal.predictions/1",
        "video": {"width": case.truth.width, "height": case.truth.height},
        "labels": dict(case.truth.labels),
        "settings": {"frame_interval": interval},
        "frames": [
            {
                "frame_index": frame.frame_index,
                "pts_seconds": frame.pts_seconds,
                "detections": [
                    {"box": each.box, "label_id": each.label_id, "label": each.label, "score": 0.9}
                    for each in frame.objects
                ],
            }
            for frame in case.truth.frames[::interval]
        ],
    }


def completed(body: bytes, notification: Notification | None = SUCCESS) -> Completed:
    return Completed(ACCEPTED, body, "application/json", 1.0, 0.1, notification)


def test_a_perfect_answer_passes_with_its_numbers_and_pictures(case: Case) -> None:
    judged = judging.judge(case, completed(json.dumps(perfect_answer(case)).encode()), DEMANDS, NOW)
    assert judged.record.judgement == "passed"
    assert {metric.name: metric.value for metric in judged.record.metrics} == {"map_50": 1.0, "map_50_95": 1.0}
    assert judged.record.frames is not None
    assert (judged.record.frames.expected, judged.record.frames.sampled) == (13, 13)
    assert judged.pictures is not None
    assert len(judged.pictures.frames) == 13
    assert judging.summary(judged.record) == f"13 frames, {judged.record.detection_count} detections; map_50 1.000"


def test_a_case_says_where_its_time_went(case: Case) -> None:
    judged = judging.judge(case, completed(b"<html>"), DEMANDS, NOW)
    phases = {"queue": 0.2, "download": 0.05, "container": 0.5, "upload": 0.1}
    known = judged.timed(phases).record.timings
    assert judged.record.timings.total_seconds == known.total_seconds == pytest.approx(1.1)
    assert (known.upload_seconds, known.model_seconds) == (0.1, 0.5)
    assert known.queue_seconds == pytest.approx(0.25)
    assert judged.timed({}).record.timings.model_seconds is None


def test_a_case_says_when_its_notification_arrived(case: Case) -> None:
    at = NOW + timedelta(seconds=1.6)
    told = completed(b"<html>", replace(SUCCESS, arrived=at))
    notification = judging.judge(case, told, DEMANDS, NOW).record.notification
    assert notification is not None
    assert notification.received_after_seconds == pytest.approx(1.5), "0.1 s of it was the upload"
    untold = judging.judge(case, completed(b"<html>"), DEMANDS, NOW).record.notification
    assert untold is not None
    assert untold.received_after_seconds is None


def test_an_answer_that_is_no_predictions_fails_and_says_what_it_is(case: Case) -> None:
    record = judging.judge(case, completed(b"<html>"), DEMANDS, NOW).record
    assert record.judgement == "failed"
    assert [finding.check for finding in record.findings] == ["answer.format"]


def test_an_answer_without_its_notification_fails(case: Case) -> None:
    body = json.dumps(perfect_answer(case)).encode()
    record = judging.judge(case, completed(body, None), DEMANDS, NOW).record
    assert [finding.check for finding in record.findings] == ["notification"]


def test_a_success_reported_on_the_error_topic_fails(case: Case) -> None:
    body = json.dumps(perfect_answer(case)).encode()
    record = judging.judge(case, completed(body, replace(SUCCESS, topic="error")), DEMANDS, NOW).record
    assert [finding.check for finding in record.findings] == ["notification"]


def test_a_failure_that_was_not_expected_carries_the_handlers_own_words(case: Case) -> None:
    body = b'{"error":{"code":"truncated_media","message":"the clip is cut"}}\nTraceback ...'
    record = judging.judge(case, Failed(ACCEPTED, body, 0.2, 0.1, ERROR), DEMANDS, NOW).record
    assert record.judgement == "failed"
    assert record.failure is not None
    assert (record.failure.http_status, record.failure.code) == (400, "truncated_media")
    assert record.findings[0].message == "the clip is cut"
    assert judging.summary(record) == "failed with 400 truncated_media; the clip is cut"


def test_a_failure_that_was_expected_passes(tmp_path: Path) -> None:
    case = cases.of_bad_input(tmp_path)
    record = judging.judge(case, Failed(ACCEPTED, b"no JSON", 0.2, 0.1, ERROR), DEMANDS, NOW).record
    assert record.judgement == "passed"
    assert record.failure is not None
    assert record.failure.code is None


def test_a_success_where_a_failure_was_expected_fails(tmp_path: Path, case: Case) -> None:
    bad = cases.of_bad_input(tmp_path)
    body = json.dumps(perfect_answer(case)).encode()
    assert judging.judge(bad, completed(body), DEMANDS, NOW).record.judgement == "failed"


def users_answer(case: Case, interval: int = 1) -> dict[str, Any]:
    """The right answer, without detections."""
    assert case.clip.facts is not None
    seen = [
        {"frame_index": index, "pts_seconds": time, "detections": []}
        for index, time in enumerate(case.clip.facts.times)
    ]
    size = {"width": case.clip.facts.width, "height": case.clip.facts.height}
    head = {"schema": "rehearsal.predictions/1", "video": size, "labels": {}, "settings": {"frame_interval": interval}}
    return {**head, "frames": seen[::interval]}


@pytest.fixture(scope="module")
def users_case(known: cases.KnownAnswer) -> Case:
    (case,) = cases.of_users_clips([known.clip_path])
    return case


ANY = Demands(frame_interval=1, map50_at_least=0.9)


def test_an_answer_to_a_users_clip_is_judged_by_the_clip_itself(users_case: Case) -> None:
    answer = users_answer(users_case)
    record = judging.judge(users_case, completed(json.dumps(answer).encode()), ANY, NOW).record
    assert (record.judgement, record.findings) == ("passed", ())
    answer["frames"] = answer["frames"][:40]
    record = judging.judge(users_case, completed(json.dumps(answer).encode()), ANY, NOW).record
    assert (record.judgement, [finding.check for finding in record.findings]) == ("failed", ["answer.frames"])


WARNING = {"code": "undecodable_packets", "message": "1 packets cannot be decoded", "packets": [60], "lost_frames": []}


@pytest.mark.parametrize("in_lines", [False, True], ids=["json", "jsonlines"])
def test_what_the_answer_warns_of_is_a_finding_and_in_the_line_of_the_case(users_case: Case, in_lines: bool) -> None:
    answer = {**users_answer(users_case), "warnings": [WARNING]}
    frames = answer.pop("frames") if in_lines else []
    body = "\n".join(map(json.dumps, [answer, *frames])).encode()
    record = judging.judge(users_case, completed(body), ANY, NOW).record
    assert record.judgement == "passed"
    assert [(finding.check, finding.severity) for finding in record.findings] == [("answer.warnings", "warning")]
    assert judging.summary(record).endswith("the answer warns: 1 packets cannot be decoded")


def test_lost_frames_of_a_clip_that_is_not_damaged_fail(users_case: Case) -> None:
    answer = users_answer(users_case)
    answer["warnings"] = [{**WARNING, "lost_frames": [3]}]
    del answer["frames"][3]
    record = judging.judge(users_case, completed(json.dumps(answer).encode()), ANY, NOW).record
    assert record.judgement == "failed"
    assert [finding.severity for finding in record.findings] == ["warning", "error"]


def test_an_answer_to_a_file_in_which_nothing_can_be_seen_proves_nothing(tmp_path: Path, users_case: Case) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(bytes(5000))
    (case,) = cases.of_users_clips([path])
    record = judging.judge(case, completed(json.dumps(users_answer(users_case)).encode()), ANY, NOW).record
    assert (record.judgement, [finding.check for finding in record.findings]) == ("failed", ["answer.unjudged"])


def test_silence_fails_and_says_how_long_it_was_waited_for(case: Case) -> None:
    record = judging.judge(case, Unanswered(ACCEPTED, 600.0), DEMANDS, NOW).record
    assert (record.outcome, record.judgement) == ("timed_out", "failed")
    assert "600 s" in record.findings[0].message


def test_masks_of_the_answer_are_scored_and_drawn(case: Case) -> None:
    answer = perfect_answer(case)
    assert case.truth is not None
    for frame in answer["frames"]:
        for found, there in zip(frame["detections"], case.truth.frames[frame["frame_index"]].objects, strict=True):
            found["mask"] = {"size": there.mask.size, "counts": there.mask.counts}
    judged = judging.judge(case, completed(json.dumps(answer).encode()), DEMANDS, NOW)
    assert {metric.name for metric in judged.record.metrics} == {"map_50", "map_50_95", "mask_map_50"}
    assert judged.pictures is not None
    drawn = [found for frame in judged.pictures.frames for found in frame.detections]
    assert all(found.mask is not None and found.mask.shape == (case.truth.height, case.truth.width) for found in drawn)
