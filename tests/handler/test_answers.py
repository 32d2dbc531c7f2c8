"""Whole answers: what a request gets back, in every format."""

from __future__ import annotations

import io
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pycocotools import mask as coco

from detector.core.errors import RequestError, TruncatedMedia, UnreadableMedia
from detector.core.opencv import cv2
from detector.core.settings import Layout, Masks, Settings, from_environment
from detector.io.documents import ROW
from detector.pipeline import Request, load, respond
from tests.handler.clips import FRAME_COUNT, HEIGHT, RATE, WIDTH, ClipMaker, real_clip
from tests.handler.fakes import MeanColour, service

# pycocotools 2.0.11 copies arrays in a way that numpy 2 announces the end of.
pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)

SCHEMA: dict[str, Any] = json.loads(
    Path(__file__).parents[2].joinpath("handler", "predictions.schema.json").read_text()
)


def validated(document: Any) -> Any:
    """The document, after the bundle's schema has accepted it."""
    Draft202012Validator(SCHEMA).validate(document)
    return document


def part(name: str) -> Draft202012Validator:
    """The validator of one of the schema's definitions."""
    return Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": SCHEMA["$defs"]})


def stack() -> Request:
    """Two grey pictures as npy."""
    file = io.BytesIO()
    np.save(file, np.full((2, 8, 8, 3), 200, np.uint8))
    return Request(file.getvalue(), "application/x-npy")


def encoded(kind: str, width: int, height: int) -> Request:
    """A grey picture as JPEG or PNG, or as a stack of one."""
    pixels = np.full((height, width, 3), 128, np.uint8)
    if kind == "x-npy":
        file = io.BytesIO()
        np.save(file, pixels[None])
        return Request(file.getvalue(), "application/x-npy")
    suffix = {"jpeg": ".jpg", "png": ".png"}[kind]
    return Request(cv2.imencode(suffix, pixels)[1].tobytes(), f"image/{kind}")


@pytest.mark.parametrize("kind", ["jpeg", "png", "x-npy"])
@pytest.mark.parametrize("size", [(1, 4000), (1, 65500), (65500, 1), (4000, 1)])
@pytest.mark.parametrize("frame_width", [None, 1024])
def test_a_picture_too_thin_for_the_network_is_the_senders_fault(
    model_dir: Path, kind: str, size: tuple[int, int], frame_width: int | None
) -> None:
    """With the network's longest side of 160 pixels; 4000 x 1 becomes 1024 x 1 before."""
    thin = load(model_dir, Settings(frame_width=frame_width))
    with pytest.raises(UnreadableMedia, match=r"too thin|which is more than the 67108864 pixels allowed"):
        respond(thin, encoded(kind, *size))


@pytest.mark.parametrize("size", [(1, 160), (160, 1), (1, 1), (2, 300), (1, 2)])
def test_a_picture_of_which_one_pixel_is_left_has_an_answer(model_dir: Path, size: tuple[int, int]) -> None:
    body, _ = respond(load(model_dir, Settings(score_threshold=0.0, masks=Masks.RLE)), encoded("png", *size))
    assert validated(json.loads(body))["video"] == {"width": size[0], "height": size[1]}


def test_the_schema_is_a_schema_and_refuses_what_it_should() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    body, _ = respond(service(), stack())
    document = json.loads(body)
    validator = Draft202012Validator(SCHEMA)
    assert validator.is_valid(document)
    assert not validator.is_valid(document | {"frames": [{"frame_index": 0}]})
    assert not validator.is_valid(document | {"more": 1})
    assert not validator.is_valid({name: value for name, value in document.items() if name != "video"})


def test_a_video_becomes_a_document(clips: ClipMaker) -> None:
    body, content_type = respond(
        service(), Request(clips.whole("h264.mp4").read_bytes(), "video/mp4", None, "frame_interval=20")
    )
    assert content_type == "application/json"
    document = validated(json.loads(body))
    assert document["video"] == {"width": WIDTH, "height": HEIGHT}
    assert document["labels"] == {"1": "picture"}
    assert document["settings"] == {
        "frame_interval": 20,
        "score_threshold": 0.0,
        "frame_width": None,
        "frame_height": None,
        "masks": "none",
        "square_pixels": False,
    }
    assert [(frame["frame_index"], frame["pts_seconds"]) for frame in document["frames"]] == [
        (0, 0.0),
        (20, 0.8),
        (40, 1.6),
    ]
    (detection,) = document["frames"][0]["detections"]
    assert detection == {
        "box": [0.0, 0.0, WIDTH, HEIGHT],
        "label_id": 1,
        "label": "picture",
        "score": detection["score"],
    }


def test_json_lines_say_the_same_as_the_document(clips: ClipMaker) -> None:
    video = clips.whole("h264.mp4").read_bytes()
    document = json.loads(respond(service(), Request(video, "video/mp4"))[0])
    body, content_type = respond(service(), Request(video, "video/mp4", "application/jsonlines"))
    assert content_type == "application/jsonlines"
    assert body.endswith(b"}\n")
    header, *frames = [json.loads(line) for line in body.splitlines()]
    part("header").validate(header)
    for frame in frames:
        part("frame").validate(frame)
    assert header | {"frames": frames} == document


def test_the_plain_layout_is_a_bare_list(clips: ClipMaker) -> None:
    video = clips.whole("h264.mp4").read_bytes()
    document = json.loads(respond(service(), Request(video, "video/mp4"))[0])
    plain = json.loads(respond(service(), Request(video, "video/mp4", None, "layout=plain"))[0])
    part("plain").validate(plain)
    assert plain == [
        {
            "boxes": [detection["box"] for detection in frame["detections"]],
            "labels": [detection["label_id"] for detection in frame["detections"]],
            "scores": [detection["score"] for detection in frame["detections"]],
        }
        for frame in document["frames"]
    ]
    lines = respond(service(), Request(video, "video/mp4", "application/jsonlines", "layout=plain"))[0].splitlines()
    assert [json.loads(line) for line in lines] == plain


def test_the_layout_can_be_the_operators_choice(clips: ClipMaker) -> None:
    plain = service(Settings(layout=Layout.PLAIN))
    video = clips.whole("h264.mp4").read_bytes()
    assert isinstance(json.loads(respond(plain, Request(video, "video/mp4"))[0]), list)
    assert isinstance(json.loads(respond(plain, Request(video, "video/mp4", None, "layout=document"))[0]), dict)


def test_npy_has_a_row_a_detection(clips: ClipMaker) -> None:
    video = clips.whole("h264.mp4").read_bytes()
    document = json.loads(respond(service(), Request(video, "video/mp4"))[0])
    body, content_type = respond(service(), Request(video, "video/mp4", "application/x-npy"))
    assert content_type == "application/x-npy"
    rows = np.load(io.BytesIO(body), allow_pickle=False)
    assert rows.dtype == ROW
    expected = [
        (frame["frame_index"], frame["pts_seconds"], each)
        for frame in document["frames"]
        for each in frame["detections"]
    ]
    assert len(rows) == len(expected) == FRAME_COUNT
    for row, (index, seconds, detection) in zip(rows, expected, strict=True):
        assert (row["frame_index"], row["label_id"]) == (index, detection["label_id"])
        assert row["pts_seconds"] == pytest.approx(seconds)
        assert row["box"].tolist() == pytest.approx(detection["box"])
        assert row["score"] == pytest.approx(detection["score"], abs=1e-6)


def test_npy_without_detections_is_an_empty_table(clips: ClipMaker) -> None:
    video = clips.whole("h264.mp4").read_bytes()
    body, _ = respond(service(), Request(video, "video/mp4", "application/x-npy", "score_threshold=1"))
    rows = np.load(io.BytesIO(body), allow_pickle=False)
    assert (len(rows), rows.dtype) == (0, ROW)


def test_a_frame_without_detections_is_still_a_frame(clips: ClipMaker) -> None:
    video = clips.whole("h264.mp4").read_bytes()
    document = validated(json.loads(respond(service(), Request(video, "video/mp4", None, "score_threshold=1"))[0]))
    assert [frame["detections"] for frame in document["frames"]] == [[]] * FRAME_COUNT


def test_frames_of_a_stack_have_no_time() -> None:
    document = validated(json.loads(respond(service(), stack())[0]))
    assert [frame["pts_seconds"] for frame in document["frames"]] == [None, None]


@given(interval=st.integers(1, 60), batch_size=st.integers(1, 9))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_answer_does_not_depend_on_the_batch_size(clips: ClipMaker, interval: int, batch_size: int) -> None:
    video = clips.whole("b-frames.mp4").read_bytes()
    request = Request(video, "video/mp4", None, f"frame_interval={interval}")
    body, _ = respond(service(batch_size=batch_size), request)
    assert body == respond(service(batch_size=4), request)[0]
    frames = json.loads(body)["frames"]
    assert len(frames) == math.ceil(FRAME_COUNT / interval)
    assert [frame["pts_seconds"] for frame in frames] == [index / RATE for index in range(0, FRAME_COUNT, interval)]


def test_frames_go_through_the_network_in_batches_of_the_size_asked_for(clips: ClipMaker) -> None:
    small = service(Settings(frame_width=80), batch_size=16)
    assert isinstance(small.predictor, MeanColour)
    document = json.loads(
        respond(small, Request(clips.whole("h264.mp4").read_bytes(), "video/mp4", None, "score_threshold=0"))[0]
    )
    assert small.predictor.batch_sizes == [16, 16, 16, 2]
    assert small.predictor.shapes == {(60, 80, 3)}
    assert document["video"] == {"width": WIDTH, "height": HEIGHT}
    assert document["frames"][0]["detections"][0]["box"] == [0, 0, WIDTH, HEIGHT]


@pytest.mark.parametrize("attributes", ["frame_intervall=5", "masks=rle"])
def test_a_request_at_fault_is_refused_before_anything_is_decoded(clips: ClipMaker, attributes: str) -> None:
    watched = service()
    assert isinstance(watched.predictor, MeanColour)
    with pytest.raises(RequestError):
        respond(watched, Request(clips.whole("h264.mp4").read_bytes(), "video/mp4", "application/x-npy", attributes))
    assert watched.predictor.batch_sizes == []


def test_a_cut_clip_never_reaches_the_network(clips: ClipMaker) -> None:
    watched = service()
    assert isinstance(watched.predictor, MeanColour)
    with pytest.raises(TruncatedMedia):
        respond(watched, Request(clips.whole("faststart.mp4").read_bytes()[:-10_000], "video/mp4"))
    assert watched.predictor.batch_sizes == []


@pytest.mark.parametrize("name", ["bikes.mp4", "bigbuckbunny.mp4"])
def test_a_real_clip_and_a_real_network_give_detections_with_masks(model_dir: Path, name: str) -> None:
    loaded = load(model_dir, from_environment({"FRAME_INTERVAL": "60", "SCORE_THRESHOLD": "0", "BATCH_SIZE": "2"}))
    body, _ = respond(loaded, Request(real_clip(name).read_bytes(), "video/mp4", None, "masks=rle"))
    document = validated(json.loads(body))
    assert document["labels"] == {"1": "cat", "2": "dog"}
    size = [document["video"]["height"], document["video"]["width"]]
    detections = [detection for frame in document["frames"] for detection in frame["detections"]]
    assert len(detections) > len(document["frames"])
    for detection in detections:
        assert detection["label"] == document["labels"][str(detection["label_id"])]
        assert detection["mask"]["size"] == size
        assert coco.decode(detection["mask"]).shape == tuple(size)
        assert 0 <= detection["box"][0] <= detection["box"][2] <= size[1]
        assert 0 <= detection["box"][1] <= detection["box"][3] <= size[0]
