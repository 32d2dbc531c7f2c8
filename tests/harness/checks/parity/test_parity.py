"""Parity of the flagship bundle with torchvision, and what is said when it is lost."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from deploy import bundle, config
from harness.cases import Predictions
from harness.cases.clips import open_clip
from harness.checks import parity
from harness.checks.parity import REDUCED, SAME, Subject
from harness.core.errors import ConfigurationError, HarnessError
from harness.rehearsal.parity import Options, as_check, check

ROOT = Path(__file__).parents[4]
CLIP = ROOT / "harness" / "samples" / "known_answer" / "clip.mp4"
ENVIRONMENT = {"FRAME_INTERVAL": "20", "SCORE_THRESHOLD": "0.5", "OMP_NUM_THREADS": "1"}

Thing = tuple[str, float, tuple[float, float, float, float]]
CAT: Thing = ("cat", 0.9, (10, 10, 60, 60))
DOG: Thing = ("dog", 0.8, (100, 20, 150, 90))
LABELS = {"1": "cat", "2": "dog"}


def answer(*frames: list[Thing]) -> Predictions:
    ids = {name: int(label_id) for label_id, name in LABELS.items()}
    document = {
        "schema": "rehearsal.predictions/1",
        "video": {"width": 200, "height": 100},
        "labels": LABELS,
        "settings": {},
        "frames": [
            {
                "frame_index": 5 * place,
                "pts_seconds": 0.2 * place,
                "detections": [
                    {"box": list(box), "label_id": ids[label], "label": label, "score": score}
                    for label, score, box in things
                ],
            }
            for place, things in enumerate(frames)
        ],
    }
    return Predictions.parse(json.dumps(document).encode())


def moved(thing: Thing, pixels: float = 0.0, score: float = 0.0) -> Thing:
    label, old, box = thing
    return label, old + score, (box[0] + pixels, *box[1:])


def checks(found: parity.Parity) -> list[tuple[str, str, str | None]]:
    return [(finding.check, finding.severity, finding.where) for finding in found.findings]


def test_equal_answers_have_nothing_to_say() -> None:
    found = parity.judge(answer([CAT, DOG], []), answer([CAT, DOG], []), 0.5, SAME)
    assert (found.findings, found.passed) == ((), True)
    assert found.metrics["map_50_95"] == pytest.approx(1.0)
    assert found.summary.startswith("2 frames, 2 objects matched, 0 lost, 0 new")


def test_each_lost_and_each_new_object_is_a_finding_with_its_frame() -> None:
    found = parity.judge(answer([CAT], [CAT, DOG]), answer([CAT, DOG], [CAT]), 0.5, SAME)
    assert checks(found) == [("parity.lost", "error", "frame 0"), ("parity.new", "error", "frame 5")]
    assert not found.passed


def test_another_label_at_the_same_place_is_a_finding_and_lowers_the_agreement() -> None:
    found = parity.judge(answer([("dog", 0.9, CAT[2]), DOG]), answer([CAT, DOG]), 0.5, SAME)
    assert checks(found) == [("parity.label", "error", "frame 0")]
    assert found.findings[0].message.startswith("the handler says dog (0.9000), torchvision cat (0.9000) at [10")
    assert (found.metrics["label_agreement"], found.metrics["lost_count"], found.metrics["new_count"]) == (0.5, 0, 0)
    assert found.metrics["map_drift"] == pytest.approx(1 - found.metrics["map_50_95"])
    assert found.metrics["map_drift"] > 0.2
    assert "50 % of the labels agree" in found.summary


def test_another_label_elsewhere_is_a_lost_and_a_new_object() -> None:
    found = parity.judge(answer([DOG]), answer([CAT]), 0.5, SAME)
    assert [check for check, _, _ in checks(found)] == ["parity.lost", "parity.new"]
    assert found.metrics["label_agreement"] == 1.0


def test_two_silences_are_no_comparison() -> None:
    silent = parity.judge(answer([], []), answer([], []), 0.5, SAME)
    assert (silent.passed, silent.has_compared) == (True, False)
    judged = as_check(silent, 1.0)
    assert (judged.judgement, "--video" in judged.summary) == ("skipped", True)
    assert as_check(parity.judge(answer([CAT]), answer([CAT]), 0.5, SAME), 1.0).judgement == "passed"


def test_an_object_at_the_threshold_may_come_or_go() -> None:
    at_threshold = ("dog", 0.52, DOG[2])
    lost = parity.judge(answer([CAT]), answer([CAT, at_threshold]), 0.5, REDUCED)
    assert (checks(lost), lost.passed) == ([("parity.lost", "warning", "frame 0")], True)
    below = parity.judge(answer([CAT, at_threshold]), answer([CAT, ("dog", 0.49, DOG[2])]), 0.5, REDUCED)
    assert below.findings == ()


def test_what_torchvision_finds_below_the_threshold_is_not_lost() -> None:
    assert parity.judge(answer([CAT]), answer([CAT, ("dog", 0.2, DOG[2])]), 0.5, SAME).passed


@pytest.mark.parametrize(("pixels", "score", "check"), [(0.5, 0.0, "box"), (0.0, 0.01, "score")])
def test_drift_beyond_the_tolerance_is_a_finding_and_within_it_is_a_number(
    pixels: float, score: float, check: str
) -> None:
    drifted = answer([moved(CAT, pixels, score), DOG])
    strict = parity.judge(drifted, answer([CAT, DOG]), 0.5, SAME)
    assert checks(strict) == [(f"parity.{check}_drift", "error", "frame 0")]
    assert "1 of 2 objects" in strict.findings[0].message
    loose = parity.judge(drifted, answer([CAT, DOG]), 0.5, REDUCED)
    assert loose.passed
    assert loose.metrics["box_drift_max_pixels"] == pytest.approx(pixels)
    assert loose.metrics["score_drift_max"] == pytest.approx(score)


def test_frames_that_the_answer_lacks_are_named() -> None:
    found = parity.judge(answer([CAT]), answer([CAT], [CAT]), 0.5, SAME)
    assert ("parity.frames", "error", None) in checks(found)


@pytest.fixture(scope="module")
def flagship(tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = config.load(ROOT / "rehearsal.toml").without_packages()  # they are not installed for it
    return bundle.build(project, tmp_path_factory.mktemp("bundle")).path


def test_the_flagship_bundle_finds_what_torchvision_finds(flagship: Path) -> None:
    found = parity.run(Subject(flagship, ENVIRONMENT), open_clip(CLIP), SAME, frame_limit=2)
    assert found.findings == ()
    assert (found.frame_count, found.metrics["matched_count"] >= 4) == (2, True)


def test_weights_that_find_nothing_are_compared_on_what_they_nearly_find(tmp_path: Path) -> None:
    project = config.load(ROOT / "rehearsal.toml").without_packages()
    assert isinstance(project.model.weights, Path)
    weights = torch.load(project.model.weights, weights_only=True)
    noise = torch.Generator().manual_seed(5)
    dulled = {
        name: tensor * 0.3 + 0.01 * torch.randn(tensor.shape, generator=noise)
        if "box_predictor.cls" in name
        else tensor
        for name, tensor in weights.items()
    }
    torch.save(dulled, tmp_path / "model.pth")
    project = project.with_weights(tmp_path / "model.pth")
    strange = bundle.build(project, tmp_path / "bundle").path
    found = parity.run(
        Subject(strange, {**ENVIRONMENT, "SCORE_THRESHOLD": "0.95"}), open_clip(CLIP), SAME, frame_limit=2
    )
    assert found.threshold == 0.05
    assert (found.passed, found.metrics["matched_count"] > 4) == (True, True)


def test_a_handler_that_mixes_up_its_colours_is_caught(tmp_path: Path) -> None:
    handler = tmp_path / "handler"
    shutil.copytree(ROOT / "handler", handler, ignore=shutil.ignore_patterns("__pycache__"))
    frames = handler / "detector" / "core" / "frames.py"
    text = frames.read_text()
    honest = "                _place(frame, slot, layout)\n"  # whichever library decoded the frame
    assert honest in text
    frames.write_text(text.replace(honest, f"{honest}                slot[...] = slot[..., ::-1].copy()\n"))
    project = config.load(ROOT / "rehearsal.toml").without_packages()
    project = replace(project, handler=project.handler.model_copy(update={"source": handler}))
    mixed = bundle.build(project, tmp_path / "bundle").path
    found = parity.run(Subject(mixed, ENVIRONMENT), open_clip(CLIP), SAME, frame_limit=2)
    assert not found.passed
    assert found.metrics["map_50_95"] < 0.9


def test_a_bundle_and_a_clip_that_are_none_are_usage_errors(tmp_path: Path) -> None:
    text = tmp_path / "clip.mp4"
    text.write_text("no video")
    asked = Options(ROOT / "rehearsal.toml")
    with pytest.raises(ConfigurationError, match="no frame of it can be decoded; give --video"):
        check(replace(asked, video=text))
    with pytest.raises(ConfigurationError, match=r"none\.tar\.gz: no such file; give --bundle"):
        check(replace(asked, bundle=tmp_path / "none.tar.gz"))
    with pytest.raises(HarnessError, match=r"clip\.mp4"):
        check(replace(asked, bundle=text))


def test_a_handler_that_fails_says_why(flagship: Path) -> None:
    broken = Subject(flagship, {**ENVIRONMENT, "BATCH_SIZE": "many"})
    with pytest.raises(HarnessError, match="BATCH_SIZE must be a whole number"):
        parity.run(broken, open_clip(CLIP), SAME)
