from __future__ import annotations

import json
from pathlib import Path

import pytest

from deploy.async_client import Completed, Submitted
from deploy.core.errors import ConfigurationError
from deploy.promote.smoke import _problem, probe
from tests.deploy.projects import write_project

CASES = """
[[case]]
name = "bad"
file = "notes.txt"
expect.status = "failed"
[[case]]
file = "rose.jpg"
accept = "application/json"
custom_attributes = "k=1"
expect.json = { "/label" = "rose" }
"""


@pytest.mark.parametrize(
    ("name", "extra", "content_type"),
    [
        ("clip.ts", "", "video/mp2t"),
        ("frame.png", "", "image/png"),
        ("clip.ts", "smoke_content_type = 'video/mp4'\n", "video/mp4"),
    ],
)
def test_a_smoke_test_is_sent_as_what_its_name_says_unless_the_project_says_more(
    tmp_path: Path, name: str, extra: str, content_type: str
) -> None:
    project = write_project(tmp_path, extra=f"[rollout]\nsmoke_input = '{name}'\n{extra}")
    (tmp_path / name).write_bytes(b"x")
    assert probe(project, ()).content_type == content_type


def test_a_model_without_a_known_answer_is_sent_its_first_case_that_is_answered(tmp_path: Path) -> None:
    (tmp_path / "rose.jpg").write_bytes(b"x")
    found = probe(write_project(tmp_path, extra=CASES), ())
    assert (found.request.file.name, found.request.accept, found.request.attributes) == (
        "rose.jpg", "application/json", "k=1"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("label", "problem"), [("rose", ""), ("lily", 'case rose.jpg: /label: "lily", expected is "rose"')]
)
def test_the_answer_is_held_against_what_the_case_expects(tmp_path: Path, label: str, problem: str) -> None:
    (tmp_path / "rose.jpg").write_bytes(b"x")
    what = probe(write_project(tmp_path, extra=CASES), ())
    body = json.dumps({"label": label}).encode()
    assert (
        _problem(Completed(Submitted("i", "s3://b/i", "s3://b/o", None), body, "application/json", 1.0), what)
        == problem
    )


def test_without_anything_to_send_the_project_is_told_what_to_add(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"add a \[\[case\]\] that is answered"):
        probe(write_project(tmp_path), ())
