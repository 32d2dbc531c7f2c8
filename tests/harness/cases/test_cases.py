"""What a rehearsal sends."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from deploy.async_client import content_type_of
from harness import cases
from harness.cases.clips import open_clip
from harness.core.errors import ConfigurationError


def test_the_known_answer_that_comes_with_the_harness_is_whole() -> None:
    known = cases.open_known_answer(None)
    assert known.files.weights.is_file()
    assert known.has_labels_of(known.files.model_spec)


def test_a_model_of_other_labels_does_not_know_it(tmp_path: Path) -> None:
    known = cases.open_known_answer(None)
    spec = tmp_path / "model.json"
    spec.write_text(json.dumps({"labels": {"1": "duck"}}))
    assert not known.has_labels_of(spec)
    assert not known.has_labels_of(None)


@pytest.mark.parametrize("missing", ["truth.json", "clip.mp4"])
def test_a_known_answer_that_is_not_whole_is_refused(tmp_path: Path, missing: str) -> None:
    folder = tmp_path / "known"
    shutil.copytree(cases.KNOWN_ANSWER.folder, folder)
    (folder / missing).unlink()
    with pytest.raises(ConfigurationError, match=missing):
        cases.open_known_answer(folder)


def test_a_clip_that_was_exchanged_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "known"
    shutil.copytree(cases.KNOWN_ANSWER.folder, folder)
    (folder / "clip.mp4").write_bytes((folder / "clip.mp4").read_bytes() + b" ")
    with pytest.raises(ConfigurationError, match="sha256"):
        cases.open_known_answer(folder)


def test_clips_of_the_same_name_are_told_apart(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "clip.mp4").write_bytes(b"x")
    made = cases.of_users_clips([tmp_path / "a" / "clip.mp4", tmp_path / "b" / "clip.mp4"])
    assert [case.name for case in made] == ["clip.mp4", "clip.mp4 (2)"]


def test_a_clip_that_is_not_there_is_refused_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no such file"):
        cases.of_users_clips([tmp_path / "nowhere.mp4"])


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("a.mp4", "video/mp4"),
        ("a.AVI", "video/x-msvideo"),
        ("a.mkv", "video/x-matroska"),
        ("a.jpg", "image/jpeg"),
        ("a.npy", "application/x-npy"),
        ("a", "application/octet-stream"),
    ],
)
def test_a_file_is_sent_with_the_type_that_a_client_would_give_it(name: str, content_type: str) -> None:
    assert content_type_of(Path(name)) == content_type


def test_a_stack_of_pictures_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "stack.npy"
    np.save(path, np.zeros((7, 4, 6, 3), np.uint8))
    facts = open_clip(path).facts
    assert facts is not None
    assert (facts.width, facts.height, facts.frame_count) == (6, 4, 7)
    assert [facts.sampled_count(interval) for interval in (1, 3, 7, 8)] == [7, 3, 1, 1]


@pytest.mark.parametrize("header", ["{'descr': '|u1', (", "(" * 3000])
def test_a_stack_whose_header_cannot_be_parsed_has_no_facts(tmp_path: Path, header: str) -> None:
    path = tmp_path / "stack.npy"
    path.write_bytes(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode())
    assert open_clip(path).facts is None


def test_a_file_without_frames_has_no_facts(tmp_path: Path) -> None:
    assert cases.of_bad_input(tmp_path).clip.facts is None
