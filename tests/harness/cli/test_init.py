"""`harness init` as it is typed: what is printed, what is written, exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.cli import main


def run(*arguments: str | Path) -> int:
    with pytest.raises(SystemExit) as ended:
        main.main(["init", *map(str, arguments)])
    return int(ended.value.code or 0)


def test_an_empty_folder_becomes_a_project(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "example: minimal"
    assert f"wrote {tmp_path / 'rehearsal.toml'}" in lines
    assert lines[-1] == f"Next: cd {tmp_path} && harness validate"
    assert (tmp_path / "src" / "inference.py").is_file()


def test_in_the_folder_itself_the_next_command_is_short(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("--output", "json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "rehearsal.init/1"
    assert document["next"] == "harness validate"
    assert sorted(document["files"]) == sorted(
        path.relative_to(tmp_path).as_posix()
        for path in tmp_path.rglob("*")
        if path.is_file() and path.name != ".gitignore"
    )


def test_a_dry_run_makes_not_even_the_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path / "new", "--example", "image-classifier", "--dry-run") == 0
    assert "would write" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


def test_the_examples_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--list") == 0
    assert capsys.readouterr().out.startswith("face-detector     MTCNN")
    assert run("--list", "--output", "json") == 0
    assert [each["name"] for each in json.loads(capsys.readouterr().out)["examples"]][-1] == "minimal"


def test_an_unknown_example_is_answered_with_the_known(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path / "new", "--example", "mask-rcn") == 2
    assert (
        "did you mean mask-rcnn? (examples: face-detector, faster-rcnn, image-classifier, mask-rcnn, minimal)"
        in capsys.readouterr().err
    )
    assert list(tmp_path.iterdir()) == []


def test_a_project_that_is_there_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "inference.py").write_text("def model_fn(model_dir): ...")
    (tmp_path / "rehearsal.toml").write_text("mine")
    assert run(tmp_path) == 2
    assert "--force" in capsys.readouterr().err
    assert (tmp_path / "rehearsal.toml").read_text() == "mine"
    assert run(tmp_path, "--force") == 0
    assert "model_fn" in capsys.readouterr().out
