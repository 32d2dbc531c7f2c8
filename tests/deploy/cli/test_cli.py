"""The command line: results on stdout, the rest on stderr, exit codes as promised."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.cli import main
from deploy.core.digests import digest_of_file
from tests.deploy.projects import write_project


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main.main(list(arguments))
    return int(ended.value.code or 0)


def test_bundle_prints_the_manifest_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = write_project(tmp_path)
    assert run("bundle", "--config", str(project.path), "--out", str(tmp_path / "dist"), "--output", "json") == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["schema"] == "rehearsal.bundle/1"
    assert printed["sha256"] == digest_of_file(Path(printed["path"]))


def test_bundle_ends_with_the_line_that_matters(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = write_project(tmp_path)
    assert run("bundle", "-c", str(project.path), "--out", str(tmp_path / "dist")) == 0
    last = capsys.readouterr().out.strip().splitlines()[-1]
    assert last.endswith(digest_of_file(tmp_path / "dist" / "model.tar.gz"))


def test_weights_on_the_command_line_win(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = write_project(tmp_path)
    (tmp_path / "bad.pth").write_bytes(b"no weights")
    arguments = (
        "bundle",
        "-c",
        str(project.path),
        "--out",
        str(tmp_path / "dist"),
        "--weights",
        str(tmp_path / "bad.pth"),
    )
    assert run(*arguments) == 2
    captured = capsys.readouterr()
    assert "bad.pth is not a file of torch.save" in captured.err.replace("\n", "")
    assert captured.out == ""


def test_a_package_that_cannot_be_had_is_exit_3_and_the_switch_leaves_it_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"XDG_CACHE_HOME": str(tmp_path / "cache"), "PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": ""}.items():
        monkeypatch.setenv(name, value)
    line = f"nothing-of-the-kind==1.0 --hash=sha256:{'0' * 64}"
    project = write_project(tmp_path, extra=f"[handler]\npackages = [{line!r}]\n")
    arguments = ("bundle", "-c", str(project.path), "--out", str(tmp_path / "dist"))
    assert run(*arguments) == 3
    assert "leave packages out with --without-packages" in " ".join(capsys.readouterr().err.split())
    assert run(*arguments, "--without-packages") == 0
    assert "packages  none\n" in capsys.readouterr().out


def test_a_missing_project_file_is_exit_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("bundle", "-c", str(tmp_path / "none.toml")) == 2
    assert capsys.readouterr().err.startswith("error: ")


def test_an_unknown_option_is_exit_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("bundle", "--wieghts", "x") == 2
    assert "--weights" in capsys.readouterr().err


def test_an_interrupt_is_exit_130(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("deploy.bundle.build", interrupted)
    assert run("bundle", "-c", str(write_project(tmp_path).path)) == 130


def test_help_of_every_command_names_what_it_does(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--help") == 0
    assert "Exit codes: 0 ok" in " ".join(capsys.readouterr().out.split())
    for section in main.SECTIONS:
        for name, command in section.commands():
            assert run(name, "--help") == 0
            printed = capsys.readouterr().out
            assert command.load().help.splitlines()[0][:40] in " ".join(printed.split())


def test_the_room_imports_neither_torch_nor_docker_nor_the_harness() -> None:
    program = "import sys, deploy.cli.main; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not {"torch", "torchvision", "docker", "harness", "detector", "inference", "numpy"} & set(ran.stdout.split())
