"""The committed weights find the known answer in the decoded clip, and only if the colours are right."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from pycocotools import mask as coco_mask
from torchvision.models.detection import MaskRCNN

from detector.model import build_network, read_spec
from harness.cases import Detection, PredictedFrame, Predictions, Rle, Truth, VideoSize
from harness.cases.known_answer import KNOWN_ANSWER, KnownAnswerFiles
from harness.cases.predictions import SCHEMA
from harness.checks.known_answer import judge
from harness.samples import train

TRUTH = Truth.read(KNOWN_ANSWER.truth)


@pytest.fixture(scope="module")
def model() -> Iterator[MaskRCNN]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    network = build_network(read_spec(KNOWN_ANSWER.model_spec))
    network.load_state_dict(torch.load(KNOWN_ANSWER.weights, weights_only=True, map_location="cpu"))
    yield network.eval()
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def bgr() -> list[NDArray[np.uint8]]:
    capture = cv2.VideoCapture(str(KNOWN_ANSWER.clip))
    pictures = [np.asarray(capture.read()[1], dtype=np.uint8) for _ in range(TRUTH.frame_count)]
    capture.release()
    return pictures


def answer(model: MaskRCNN, pictures: list[NDArray[np.uint8]], interval: int) -> Predictions:
    """What a handler would say, without the handler."""
    frames = tuple(
        PredictedFrame(index, index / TRUTH.fps, detect(model, pictures[index]))
        for index in range(0, len(pictures), interval)
    )
    size = VideoSize(TRUTH.width, TRUTH.height)
    return Predictions(SCHEMA, size, TRUTH.labels, {"frame_interval": interval}, frames)


def detect(model: MaskRCNN, picture: NDArray[np.uint8]) -> tuple[Detection, ...]:
    with torch.inference_mode():
        found = model([train.as_tensor(picture)])[0]
    return tuple(
        Detection((x1, y1, x2, y2), label_id, TRUTH.labels[label_id], score, encode(mask[0].numpy()))
        for (x1, y1, x2, y2), label_id, score, mask in zip(
            found["boxes"].tolist(), found["labels"].tolist(), found["scores"].tolist(), found["masks"], strict=True
        )
        if score >= 0.5
    )


def encode(mask: NDArray[np.float32]) -> Rle:
    encoded = coco_mask.encode(np.asfortranarray((mask >= 0.5).astype(np.uint8)))
    return Rle((mask.shape[0], mask.shape[1]), encoded["counts"].decode())


def test_fed_rgb_it_finds_everything(model: MaskRCNN, bgr: list[NDArray[np.uint8]]) -> None:
    every = answer(model, [picture[..., ::-1] for picture in bgr], 1)
    for interval in (1, 5):
        sampled = Predictions(SCHEMA, every.video, every.labels, {"frame_interval": interval}, every.frames[::interval])
        verdict = judge(sampled, TRUTH)
        assert verdict.findings == ()
        assert verdict.masks is not None
        assert verdict.boxes.map50 >= 0.97
        assert verdict.masks.map50 >= 0.97


def test_fed_bgr_it_fails_and_the_channels_are_blamed(model: MaskRCNN, bgr: list[NDArray[np.uint8]]) -> None:
    verdict = judge(answer(model, bgr, 5), TRUTH)
    assert verdict.boxes.map50 < 0.3
    assert not verdict.passed
    assert {"known_answer.channels", "known_answer.map50"} <= {finding.check for finding in verdict.findings}


def test_the_specification_is_the_training_scripts(tmp_path: Path) -> None:
    assert read_spec(KNOWN_ANSWER.model_spec) == train.SPEC
    again = KnownAnswerFiles(tmp_path)
    train.save(build_network(train.SPEC), again)
    assert again.model_spec.read_text() == KNOWN_ANSWER.model_spec.read_text()
    assert KNOWN_ANSWER.weights.stat().st_size < 10_000_000


def test_the_weights_are_plain_finite_float32() -> None:
    state = torch.load(KNOWN_ANSWER.weights, weights_only=True, map_location="cpu")
    assert {tensor.dtype for tensor in state.values()} == {torch.float32}
    assert all(bool(tensor.isfinite().all()) for tensor in state.values())


def test_a_training_step_teaches_and_repeats_exactly() -> None:
    schedule = train.Schedule(steps=2, batch_size=1, threads=1)
    first, second = train.train(schedule).state_dict(), train.train(schedule).state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)
    torch.manual_seed(schedule.seed)
    untrained = build_network(train.SPEC).state_dict()
    assert any(not torch.equal(first[name], untrained[name]) for name in first)


def test_training_pictures_and_their_targets_agree() -> None:
    for seed in range(8):
        frame = train.training_frame(seed)
        target = train.as_target(frame)
        assert target["masks"].shape == (len(frame.seen), *frame.picture.shape[:2])
        for box, mask in zip(target["boxes"].int().tolist(), target["masks"], strict=True):
            rows, columns = torch.nonzero(mask, as_tuple=True)
            assert box == [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
