"""What `harness init` decides to write, and what it says when it cannot."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from deploy.core.errors import ConfigurationError
from harness import scaffold
from tests.harness.scaffold.folders import MODEL_ONLY, TRANSFORM, TRIO, folder

STRANGER = {"code/inference.py": TRIO, "model/net.pth": "", "samples/rose.jpg": "", "requirements.txt": "pillow"}


def plan(at: Path, **options: Any) -> scaffold.Plan:
    return scaffold.plan(scaffold.Options(folder=at, **options))


def project_of(made: scaffold.Plan) -> dict[str, Any]:
    return tomllib.loads(made.files["rehearsal.toml"].decode())


def test_beside_a_handler_only_the_project_file_is_written(tmp_path: Path) -> None:
    made = plan(folder(tmp_path / "my flowers_2", STRANGER))
    assert list(made.files) == ["rehearsal.toml"]
    assert project_of(made) == {
        "project": {"name": "my-flowers-2"},
        "container": {"stack": "torchserve", "framework_version": "2.6.0"},
        "handler": {"source": "code", "entry_point": "inference.py"},
        "model": {"data": "model/"},
        "endpoint": {"instance_type": "ml.g4dn.xlarge"},
        "case": [
            {
                "name": "rose",
                "file": "samples/rose.jpg",
                "content_type": "image/jpeg",
                "expect": {"status": "completed"},
            }
        ],
    }
    assert made.next_commands == ("harness validate",)


def test_it_says_what_it_saw(tmp_path: Path) -> None:
    files = {**STRANGER, "code/old.py": TRANSFORM, "Dockerfile": "FROM scratch", "broken.py": "def"}
    said = "\n".join(plan(folder(tmp_path, files)).said)
    for words in (
        "handler: code/inference.py, with model_fn, input_fn, predict_fn, output_fn",
        "not taken: code/old.py, with transform_fn",
        "model: model/",
        "requirements.txt: not read by the container; move it to code/",
        "Dockerfile: not used",
        "case rose: samples/rose.jpg, sent as image/jpeg",
        "not Python: broken.py:1: ",
    ):
        assert words in said


def test_requirements_beside_the_handler_are_installed(tmp_path: Path) -> None:
    said = plan(folder(tmp_path, {"src/inference.py": TRIO, "src/requirements.txt": ""})).said
    assert "src/requirements.txt: installed when the container starts" in said


def test_without_a_model_or_a_case_the_file_shows_how(tmp_path: Path) -> None:
    made = plan(folder(tmp_path, {"code/serve.py": MODEL_ONLY}))
    assert project_of(made).keys() == {"project", "container", "handler", "endpoint"}
    assert project_of(made)["handler"] == {"source": "code", "entry_point": "serve.py"}
    text = made.files["rehearsal.toml"].decode().replace("# [[", "[[").replace("# [m", "[m")
    text = text.replace("# data", "data").replace("# name", "name").replace("# file", "file").replace("# c", "c")
    assert {"case", "model"} < tomllib.loads(text.replace("# e", "e")).keys()
    assert made.next_commands == ("harness validate --case FILE[:CONTENT_TYPE]",)


def test_names_that_toml_would_misread_are_quoted(tmp_path: Path) -> None:
    name = 'a "b"\\ä\x7f'
    made = plan(folder(tmp_path, {"code/inference.py": TRIO, f"samples/{name}.jpg": ""}))
    assert project_of(made)["case"][0]["name"] == name


def test_what_the_container_would_refuse_is_said(tmp_path: Path) -> None:
    said = "\n".join(plan(folder(tmp_path, {"code/inference.py": TRANSFORM + "def predict_fn(d, m): ...\n"})).said)
    assert "no model_fn: the container's own loads the one TorchScript file" in said
    assert "the container refuses that when it loads" in said


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"a/inference.py": TRIO, "b/inference.py": TRIO}, "say which with --handler a/inference.py"),
        ({"app.py": "from flask import Flask\napp = Flask('a')"}, "app.py is a Flask app, which this version cannot"),
        ({"app.py": "def handle(data, context): ..."}, r"app.py is handle\(data, context\)"),
        ({"inference.py": "print 'two'"}, "no handler was seen, and these files are no Python: inference.py:1: "),
        ({"inference.py": "def modle_fn(d): ..."}, r"inference.py has modle_fn; did you mean model_fn\?"),
        ({"notes.txt": ""}, "no Python file in .* has one of model_fn"),
        ({"code/my-handler.py": TRIO}, "cannot be imported by that name"),
    ],
)
def test_without_one_handler_nothing_is_planned(tmp_path: Path, files: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        plan(folder(tmp_path, files))


def test_a_handler_that_is_named_is_taken(tmp_path: Path) -> None:
    folder(tmp_path, {"a/inference.py": TRIO, "b/inference.py": TRIO, "c.py": ""})
    assert project_of(plan(tmp_path, handler=tmp_path / "b/inference.py"))["handler"]["source"] == "b"
    for name in ("c.py", "nowhere.py"):
        with pytest.raises(
            ConfigurationError, match=r"is no Python file .* \(files that have: a/inference.py, b/infer"
        ):
            plan(tmp_path, handler=tmp_path / name)


def test_an_empty_folder_gets_the_minimal_project(tmp_path: Path) -> None:
    made = plan(folder(tmp_path / "mine", {".git/config": ""}))
    assert "src/inference.py" in made.files
    assert project_of(made)["project"] == {"name": "mine"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"example": "image-classifier", "cases": ("a.jpg",)}, "leave --handler and --case out"),
        ({"cases": ("a.jpg",)}, "has no handler that --case could be sent to"),
        ({"name": "a_b"}, "--name a_b: at most 50 letters"),
        ({"example": "image-clasifier"}, "; did you mean image-classifier.*examples:.* mask-rcnn, min"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(tmp_path: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        plan(tmp_path, **options)


def test_a_workflow_is_written_when_asked(tmp_path: Path) -> None:
    yaml = pytest.importorskip("yaml")
    path = ".github/workflows/rehearse.yml"
    for options, commands in (
        ({}, ["harness validate"]),
        ({"example": "image-classifier"}, ["python fetch_model.py", "harness validate"]),
    ):
        at = folder(tmp_path / str(len(commands)), {} if options else STRANGER)
        document = yaml.safe_load(plan(at, with_workflow=True, **options).files[path])
        runs = [step["run"] for step in document["jobs"]["rehearse"]["steps"] if "run" in step]
        assert runs[1:-1] == commands
