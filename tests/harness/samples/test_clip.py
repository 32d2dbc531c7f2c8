"""The committed clip is what its truth says, as an independent decoder sees it."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

from harness.cases import Truth
from harness.cases.known_answer import KNOWN_ANSWER, KnownAnswerFiles
from harness.samples.make_clip import FRAMES_PER_SECOND, known_scene, make, truth_of

Picture = NDArray[np.uint8]


@pytest.fixture(scope="module")
def truth() -> Truth:
    return Truth.read(KNOWN_ANSWER.truth)


@pytest.fixture(scope="module")
def decoded() -> list[tuple[float, Picture]]:
    """(pts in seconds, RGB picture) of every frame, by OpenCV."""
    capture = cv2.VideoCapture(str(KNOWN_ANSWER.clip))
    frames: list[tuple[float, Picture]] = []
    while True:
        more, bgr = capture.read()
        if not more:
            break
        frames.append((capture.get(cv2.CAP_PROP_POS_MSEC) / 1000, np.asarray(bgr[..., ::-1], dtype=np.uint8)))
    capture.release()
    return frames


def test_the_truth_is_of_this_clip(truth: Truth) -> None:
    assert hashlib.sha256(KNOWN_ANSWER.clip.read_bytes()).hexdigest() == truth.clip_sha256
    assert KNOWN_ANSWER.clip.name == truth.clip
    assert KNOWN_ANSWER.clip.stat().st_size < 1_000_000


def test_count_size_rate_and_time_stamps_are_the_truths(truth: Truth, decoded: list[tuple[float, Picture]]) -> None:
    assert len(decoded) == truth.frame_count
    assert {picture.shape for _, picture in decoded} == {(truth.height, truth.width, 3)}
    stated = [frame.pts_seconds for frame in truth.frames]
    assert [pts for pts, _ in decoded] == pytest.approx(stated, abs=1e-6)
    assert np.diff(stated) == pytest.approx(1 / truth.fps)


@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")  # pycocotools
def test_every_object_shows_its_colour_throughout_its_mask(truth: Truth, decoded: list[tuple[float, Picture]]) -> None:
    for frame, (_, picture) in zip(truth.frames, decoded, strict=True):
        for thing in frame.objects:
            mask = coco_mask.decode({"size": list(thing.mask.size), "counts": thing.mask.counts}).astype(bool)
            red, _, blue = picture[mask].mean(axis=0)
            difference = red - blue if thing.label.startswith("red") else blue - red
            assert difference > 100, (frame.frame_index, thing.label, red, blue)


def test_every_object_is_where_the_colour_is_and_nowhere_else(
    truth: Truth, decoded: list[tuple[float, Picture]]
) -> None:
    for frame, (_, picture) in zip(truth.frames, decoded, strict=True):
        red, blue = picture[..., 0].astype(int), picture[..., 2].astype(int)
        strong = np.abs(red - blue) > 100
        for thing in frame.objects:
            x1, y1, x2, y2 = (int(value) for value in thing.box)
            strong[y1 - 2 : y2 + 2, x1 - 2 : x2 + 2] = False
        assert strong.sum() < 20, frame.frame_index


def test_every_class_is_in_the_sampled_frames_and_the_last_are_empty(truth: Truth) -> None:
    for interval in (1, 5):
        there = [thing.label_id for frame in truth.frames[::interval] for thing in frame.objects]
        assert min(there.count(label_id) for label_id in truth.labels) >= 5
    assert truth.frames[0].objects
    assert not truth.frames[60].objects
    assert not truth.frames[-1].objects


def test_a_track_is_one_unbroken_appearance_of_one_thing(truth: Truth) -> None:
    tracks = {thing.track for frame in truth.frames for thing in frame.objects}
    assert len(tracks) == 12
    for track in tracks:
        there = [
            (frame.frame_index, thing) for frame in truth.frames for thing in frame.objects if thing.track == track
        ]
        indices = [index for index, _ in there]
        assert indices == list(range(indices[0], indices[-1] + 1))
        assert len({thing.label_id for _, thing in there}) == 1


def test_the_committed_truth_is_the_scenes(truth: Truth) -> None:
    again = truth_of(known_scene(), clip=truth.clip, clip_sha256=truth.clip_sha256, frames_per_second=FRAMES_PER_SECOND)
    assert again.to_json() == KNOWN_ANSWER.truth.read_text(encoding="utf-8")


def test_making_the_clip_twice_gives_the_same_bytes(tmp_path: Path, truth: Truth) -> None:
    first, second = KnownAnswerFiles(tmp_path / "first"), KnownAnswerFiles(tmp_path / "second")
    made = make(first)
    assert made == make(second)
    assert first.clip.read_bytes() == second.clip.read_bytes()
    assert dataclasses.replace(made, clip_sha256=truth.clip_sha256) == truth
