"""Answers and truths as they come: well formed, or refused with the place that is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.cases import Detection, Predictions, Truth, VideoSize
from harness.cases.known_answer import KNOWN_ANSWER
from harness.core.errors import MalformedDocument

HEADER: dict[str, Any] = {
    "schema": "rehearsal.predictions/1",
    "video": {"width": 320, "height": 240},
    "labels": {"1": "red circle"},
    "settings": {"frame_interval": 5, "score_threshold": 0.5},
}
FOUND = {"box": [1, 2.5, 30, 40], "label_id": 1, "label": "red circle", "score": 0.98}
FRAMES = [
    {"frame_index": 0, "pts_seconds": 0.0, "detections": [FOUND]},
    {"frame_index": 5, "pts_seconds": 0.4, "detections": []},
]


def as_json(**changes: Any) -> bytes:
    return json.dumps(HEADER | {"frames": FRAMES} | changes).encode()


def as_lines(*frames: Any) -> bytes:
    return b"".join(json.dumps(line).encode() + b"\n" for line in (HEADER, *frames))


def test_a_json_document_is_read() -> None:
    answer = Predictions.parse(as_json())
    assert answer.video == VideoSize(320, 240)
    assert answer.labels == {1: "red circle"}
    assert answer.frame_interval == 5
    assert answer.frames[0].detections == (Detection((1, 2.5, 30, 40), 1, "red circle", 0.98),)
    assert answer.frames[1].detections == ()


@pytest.mark.parametrize("body", [as_lines(*FRAMES), as_lines(*FRAMES).strip(), as_lines(*FRAMES) + b"\n\n"])
def test_json_lines_say_the_same_as_one_document(body: bytes) -> None:
    assert Predictions.parse(body) == Predictions.parse(as_json())


def test_an_indented_document_is_not_taken_for_lines() -> None:
    assert Predictions.parse(json.dumps(json.loads(as_json()), indent=2).encode()) == Predictions.parse(as_json())


def test_a_header_without_frames_is_an_answer_without_frames() -> None:
    assert Predictions.parse(as_lines()).frames == ()


def test_unknown_keys_are_let_pass() -> None:
    assert Predictions.parse(as_json(handler_version="1.2")) == Predictions.parse(as_json())


@pytest.mark.parametrize("stated", [0, -1, "5", None])
def test_an_interval_that_is_no_positive_number_counts_as_unstated(stated: Any) -> None:
    assert Predictions.parse(as_json(settings={"frame_interval": stated})).frame_interval is None


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "result.json: not a rehearsal.predictions/1 document; it begins b''"),
        (b"<html>", "it begins b'<html>'"),
        (b'{"error":{"code":"unreadable_media"}}', "not a rehearsal.predictions/1 document"),
        (b'[{"boxes":[],"labels":[],"scores":[]}]', "layout=plain"),
        (as_json()[:-20], "result.json: the document: Invalid JSON"),
        (as_json(schema="rehearsal.predictions/9"), "result.json: schema:"),
        (as_json(video={"width": 320}), "video.height: Field required"),
        (as_json(frames=[FRAMES[0] | {"detections": [FOUND | {"box": [1, 2, 3]}]}]), "frames.0.detections.0.box"),
        (as_json(frames=[FRAMES[0] | {"detections": [FOUND | {"box": [0, 0, 1e300, 1]}]}]), "detections.0.box.2"),
        (as_json(frames=[FRAMES[0] | {"pts_seconds": "soon"}]), "frames.0.pts_seconds"),
        (as_json(frames=[FRAMES[0] | {"detections": [FOUND | {"score": float("nan")}]}]), "detections.0.score"),
        (as_lines(FRAMES[0], {"frame_index": 5}), "result.json, line 3: pts_seconds: Field required (and 1 more)"),
        (as_lines(FRAMES[0])[:-20], "result.json, line 2: the document: Invalid JSON"),
    ],
)
def test_a_malformed_answer_names_the_place(body: bytes, words: str) -> None:
    with pytest.raises(MalformedDocument) as caught:
        Predictions.parse(body, what="result.json")
    assert words in str(caught.value)


def test_a_truth_that_is_not_there_names_its_path(tmp_path: Path) -> None:
    with pytest.raises(MalformedDocument, match=r"nowhere\.json cannot be read: No such file"):
        Truth.read(tmp_path / "nowhere.json")


def test_a_truth_with_a_gap_is_refused(tmp_path: Path) -> None:
    document = json.loads(KNOWN_ANSWER.truth.read_text())
    del document["frames"][7]
    (tmp_path / "truth.json").write_text(json.dumps(document))
    with pytest.raises(MalformedDocument, match="frames must be 0 to 62, each once, in order; there are 62"):
        Truth.read(tmp_path / "truth.json")
