"""What is taken into a container to measure there: suites, clips, packages, rights, and what the result will say."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import context, test_ratio
from benchmarks.clips import ClipRecipe
from benchmarks.conftest import SAMPLED_EVERY
from benchmarks.container import borrowed, inside, suites
from benchmarks.container.boxed import container_user
from benchmarks.contestants.worker import ROOT
from benchmarks.in_container import main, ordered, put_packages
from harness.core.errors import ConfigurationError
from tests import wheels
from tests.deploy.projects import write_project

IMAGE = "registry.example/pytorch-inference:2.6.0"
LENT = ("pytest", "pytest_benchmark", "pytest_timeout", "_pytest", "pluggy", "iniconfig", "packaging", "pygments")


def test_what_is_lent_runs_with_nothing_else_installed(tmp_path: Path) -> None:
    versions = borrowed.lend(tmp_path)
    assert not list(tmp_path.rglob("*.pyc")), "they are of this interpreter"
    loads = f"import sys; sys.path.append({str(tmp_path)!r}); import {', '.join(LENT)}; print(pytest.__version__)"
    bare = subprocess.run([sys.executable, "-I", "-S", "-c", loads], capture_output=True, text=True, check=False)
    assert bare.stdout.strip() == versions["pytest"], bare.stderr


def test_compiled_packages_are_not_lent_to_another_interpreter(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="numpy has compiled code"):
        borrowed.lend(tmp_path, ("numpy",))


def test_a_package_that_is_not_installed_is_named_with_the_way_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"no-such-package is not installed here.*uv sync"):
        borrowed.lend(tmp_path, ("no-such-package",))


def test_what_the_handler_vendors_comes_before_what_the_image_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    probe = wheels.wheel("rehearsal_probe", modules={"rehearsal_probe.py": "ANSWER = 42\n"})
    (tmp_path / "wheels").mkdir()
    (tmp_path / "wheels" / wheels.file_name("rehearsal_probe")).write_bytes(probe)
    listing, target = tmp_path / "requirements.txt", tmp_path / "vendored"
    listing.write_text("--no-index\n--find-links wheels\nrehearsal-probe==1.0\n")
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setenv("PYTHONPATH", "elsewhere")
    inside.install_vendored(tmp_path / "none.txt", target)
    assert not target.exists()
    inside.install_vendored(listing, target)
    asks = [sys.executable, "-c", "import rehearsal_probe as p; print(p.ANSWER)"]
    said = subprocess.run(asks, check=True, capture_output=True)
    assert said.stdout == b"42\n"
    assert sys.path[0] == str(target)


def test_what_the_bundle_would_carry_is_put_where_the_container_installs_it_from(tmp_path: Path) -> None:
    project, folder = write_project(tmp_path), tmp_path / "packages"
    wheel = wheels.file_name("rehearsal_probe")
    (project.handler.source / "wheels").mkdir()
    (project.handler.source / "wheels" / wheel).write_bytes(b"any")
    (project.handler.source / "requirements.txt").write_text("rehearsal-probe==1.0\n")
    (folder / "wheels").mkdir(parents=True)
    (folder / "wheels" / "older.whl").write_bytes(b"of another run")
    put_packages(folder, project)
    there = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.*"))
    assert there == ["requirements.txt", f"wheels/{wheel}"]


def test_every_suite_is_a_file_that_needs_nothing_of_the_harness() -> None:
    for suite in suites.SUITES:
        assert "harness" not in (ROOT / suites.file_of(suite)).read_text(encoding="utf-8")


def test_the_clips_that_the_ratio_suite_asks_for_are_made_before() -> None:
    frames = 6
    asked = {
        ClipRecipe(),
        ClipRecipe(frame_count=SAMPLED_EVERY * frames),
        *(ClipRecipe(gop=gop, frame_count=test_ratio.DECODED_FRAMES) for gop in test_ratio.DECODE),
        *(ClipRecipe(gop=gop, frame_count=4 * SAMPLED_EVERY * frames) for gop in test_ratio.DECODE),
    }
    assert asked <= set(suites.clips_of(suites.SUITES, frames))


def test_root_becomes_nobody_and_everybody_else_stays_who_they_are() -> None:
    assert container_user(0, 0) == (65534, 65534)
    assert container_user(1000, 100) == (1000, 100)


def test_all_suites_run_by_default_and_what_is_not_ours_goes_to_pytest() -> None:
    command = ordered([IMAGE, "-k", "hevc"]).command
    assert [word for word in command if word.endswith(".py")] == [suites.file_of(suite) for suite in suites.SUITES]
    assert command[-2:] == ["-k", "hevc"]
    assert "--benchmark-json=/results/benchmark.json" in command


def test_only_the_extent_and_the_threads_are_taken_along(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REHEARSAL_BENCH_PAIRS", "7")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "none of the container's business")
    assert set(ordered([IMAGE]).environment) <= {"REHEARSAL_BENCH_PAIRS", "REHEARSAL_BENCH_FRAMES", "OMP_NUM_THREADS"}
    assert ordered([IMAGE]).environment["REHEARSAL_BENCH_PAIRS"] == "7"


@pytest.mark.parametrize("text", ["0", "many", "-1", ""])
def test_an_extent_that_is_none_is_refused_before_anything_starts(
    text: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("REHEARSAL_BENCH_FRAMES", text)
    assert main([IMAGE]) == 2
    assert f"REHEARSAL_BENCH_FRAMES is {text!r}; it is a number of sampled frames" in capsys.readouterr().err


def test_without_an_engine_the_exit_code_says_that_the_machine_cannot(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody.sock")
    assert main([IMAGE]) == 3
    assert "no Docker engine answers" in capsys.readouterr().err


def test_a_record_names_the_image_that_it_was_made_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(context.VARIABLE, raising=False)
    assert (context.image(), context.container()) == ({}, {})
    told = {"image": IMAGE, "image_digest": "sha256:0", "assurance": "official", "commit": {"id": "0"}}
    monkeypatch.setenv(context.VARIABLE, json.dumps(told))
    assert context.image() == {"image": IMAGE, "image_digest": "sha256:0"}
    assert {"python", "torch", "torchvision"} <= set(context.versions())
