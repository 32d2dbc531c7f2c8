"""What is seen in a folder, and what is passed over."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.core.errors import ConfigurationError
from harness.scaffold import looking
from harness.scaffold.looking import look
from tests.harness.scaffold.folders import MODEL_ONLY, TRANSFORM, TRIO, folder


def test_hidden_files_a_readme_and_a_licence_leave_a_folder_empty(tmp_path: Path) -> None:
    assert look(folder(tmp_path, {".git/config": "", "README.md": "", "LICENSE": ""})).is_empty
    assert not look(folder(tmp_path, {"notes.txt": ""})).is_empty


def test_the_likeliest_handler_comes_first(tmp_path: Path) -> None:
    files = {"a.py": TRANSFORM, "code/other.py": TRIO, "code/inference.py": TRIO, "b.py": MODEL_ONLY}
    names = [each.path.as_posix() for each in look(folder(tmp_path, files)).entries]
    assert names == ["code/inference.py", "code/other.py", "b.py", "a.py"]


@pytest.mark.parametrize(
    "name", ["venv2/lib/inference.py", "tests/inference.py", "test_inference.py", ".x/inference.py"]
)
def test_environments_tests_and_hidden_folders_hold_no_handler(tmp_path: Path, name: str) -> None:
    folder(tmp_path, {name: TRIO, "venv2/pyvenv.cfg": ""})
    assert look(tmp_path).entries == ()


def test_files_that_are_no_python_are_told_with_their_place(tmp_path: Path) -> None:
    (unreadable,) = look(folder(tmp_path, {"old.py": "x = 1\nprint 'python 2'\n"})).unreadable
    assert unreadable.startswith("old.py:2: ")
    (tmp_path / "old.py").write_bytes(b"\0")
    assert len(look(tmp_path).unreadable) == 1


def test_weights_requirements_and_a_dockerfile_are_seen(tmp_path: Path) -> None:
    seen = look(folder(tmp_path, {"model/net.PTH": "", "requirements.txt": "", "docker/Dockerfile": ""}))
    assert [each.as_posix() for each in seen.weights] == ["model/net.PTH"]
    assert [each.as_posix() for each in seen.requirements] == ["requirements.txt"]
    assert seen.dockerfile == Path("docker/Dockerfile")


def test_files_that_could_be_a_request_are_told_from_the_projects_own(tmp_path: Path) -> None:
    requests = ["rose.jpg", "sample_input.json", "tests/clip.mp4", "samples/rows.csv"]
    others = ["package.json", "config.json", "README.md", "requirements.txt", "notes.txt", "cases/answer.schema.json"]
    seen = look(folder(tmp_path, dict.fromkeys([*requests, *others], "")))
    assert sorted(each.as_posix() for each in seen.inputs) == sorted(requests)


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    outside = folder(tmp_path / "outside", {"inference.py": TRIO})
    project = folder(tmp_path / "project", {"notes.txt": ""})
    (project / "code").symlink_to(outside)
    assert look(project).entries == ()


def test_a_folder_that_is_no_project_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError, match="is not a folder"):
        look(tmp_path / "missing")
    monkeypatch.setattr(looking, "MOST_FILES", 1)
    with pytest.raises(ConfigurationError, match="more than 1 files"):
        look(folder(tmp_path, {"a": "", "b": ""}))
