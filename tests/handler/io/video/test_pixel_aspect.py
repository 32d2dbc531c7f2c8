"""Pixels that are not square: told, or made so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jsonschema import Draft202012Validator

import inference
from detector.core.errors import UnreadableMedia
from detector.core.frames import batches, squared_size
from detector.core.opencv import cv2
from detector.core.settings import Settings
from detector.io import media
from detector.pipeline import Request, respond
from tests.handler.clips import ClipMaker, with_matrix
from tests.handler.fakes import service

_PATTERN = ("-f", "lavfi", "-i", "smptebars=size=160x120:rate=25:duration=0.4")
_H264 = "-c:v libx264 -qp 8 -bf 0 -pix_fmt yuv420p"
SHAPES = {
    "wide.mp4": (f"-vf setsar=16/15 {_H264}", (171, 120)),
    "wide.mkv": (f"-vf setsar=2 {_H264}", (320, 120)),
    "narrow.mp4": (f"-vf setsar=8/9 {_H264}", (160, 135)),
    "wide.ts": (f"-vf setsar=16/11 {_H264}", (233, 120)),
    "dar.mpg": ("-aspect 16:9 -c:v mpeg2video -q:v 2 -bf 0", (213, 120)),
}
SCHEMA = json.loads(Path(inference.__file__).with_name("predictions.schema.json").read_text())


def answer(path: Path, attributes: str = "", settings: Settings | None = None) -> dict[str, Any]:
    request = Request(path.read_bytes(), "application/octet-stream", None, f"{attributes};score_threshold=0")
    document: dict[str, Any] = json.loads(respond(service(settings or Settings()), request)[0])
    Draft202012Validator(SCHEMA).validate(document)
    return document


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize("name", SHAPES)
def test_stored_pixels_are_taken_and_the_answer_says_that_they_are_not_square(clips: ClipMaker, name: str) -> None:
    arguments, shown = SHAPES[name]
    document = answer(clips.made(name, *_PATTERN, *arguments.split()))
    assert document["video"] == {"width": 160, "height": 120}
    (warning,) = document["warnings"]
    assert warning["code"] == "non_square_pixels"
    assert f"stored as 160 x 120 and shown as {shown[0]} x {shown[1]}" in warning["message"]
    assert set(warning) == {"code", "message"}


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize("name", SHAPES)
def test_with_square_pixels_the_network_sees_what_ffmpeg_shows_and_boxes_are_in_those_pixels(
    clips: ClipMaker, name: str
) -> None:
    arguments, (width, height) = SHAPES[name]
    path = clips.made(name, *_PATTERN, *arguments.split())
    document = answer(path, "square_pixels=true")
    assert document["video"] == {"width": width, "height": height}
    assert "warnings" not in document
    frames = document["frames"]
    assert frames[0]["detections"][0]["box"] == [0, 0, width, height]
    scaled = ("-frames:v", "1", "-vf", f"scale={width}:{height}:flags=bilinear")
    shown = cv2.imread(str(clips.made(f"{name}.png", "-i", str(path), *scaled)))
    with media.open_clip(path.read_bytes(), None, 1, square_pixels=True) as clip:
        (batch, *_) = batches(clip, 16, None, None)
    assert shown is not None
    assert np.abs(batch.pixels[0].astype(float) - shown[..., ::-1]).mean() < 3


def test_it_can_be_the_operators_choice(clips: ClipMaker) -> None:
    path = clips.made("wide.mkv", *_PATTERN, *SHAPES["wide.mkv"][0].split())
    document = answer(path, settings=Settings(square_pixels=True))
    assert document["video"] == {"width": 320, "height": 120}
    assert answer(path, "square_pixels=false", Settings(square_pixels=True))["video"] == {"width": 160, "height": 120}


def test_a_turned_clip_has_its_aspect_turned(clips: ClipMaker, reader: str) -> None:
    flat = clips.made("wide-flat.mp4", *_PATTERN, *f"-vf setsar=2 {_H264}".split())
    path = with_matrix(flat, clips.folder / f"wide-turned-{reader}.mp4", (0, 1, -1, 0))
    assert answer(path, "square_pixels=true")["video"] == {"width": 120, "height": 320}
    assert answer(path)["video"] == {"width": 120, "height": 160}


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize("attributes", ["", "square_pixels=true"])
def test_square_pixels_are_nothing_to_tell(clips: ClipMaker, attributes: str) -> None:
    document = answer(clips.whole("h264.mp4"), attributes)
    assert "warnings" not in document
    assert document["video"] == {"width": 160, "height": 120}


def test_a_shape_beyond_the_bound_is_refused_before_it_is_allocated(clips: ClipMaker) -> None:
    path = clips.made("thin.mkv", *_PATTERN, *f"-vf setsar=r=4000:max=10000 {_H264}".split())
    with pytest.raises(UnreadableMedia, match="more than the 67108864 pixels allowed"):
        answer(path, "square_pixels=true")


@pytest.mark.parametrize(
    ("aspect", "size"), [(1.0, (100, 50)), (2.0, (200, 50)), (0.5, (100, 100)), (1.001, (100, 50)), (0.999, (100, 50))]
)
def test_no_side_is_made_smaller(aspect: float, size: tuple[int, int]) -> None:
    assert squared_size(100, 50, aspect) == size
