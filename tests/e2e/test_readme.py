"""Every block of the README does what the README says: shell blocks run, configuration blocks load."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy import config
from detector.model import read_spec
from tests.e2e.runs import CLIPS, ROOT

pytestmark = pytest.mark.e2e

# `uv run tox` runs this test itself.
RUN_BY_OTHERS = ("uv run tox",)


def blocks(language: str) -> list[str]:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Path]:
    """A folder like a fresh clone in which a user has put two clips; no local AWS runs in it afterwards."""
    for name in ("handler", "harness", "rehearsal.toml"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "first.mp4").write_bytes((CLIPS / "bikes.mp4").read_bytes())
    command = ["ffmpeg", "-v", "error", "-i", CLIPS / "bikes.mp4", "-t", "2", "-c:v", "mpeg4", tmp_path / "second.avi"]
    subprocess.run([str(word) for word in command], check=True)
    yield tmp_path
    subprocess.run([Path(sys.executable).with_name("harness"), "down"], cwd=tmp_path, capture_output=True, check=False)


@pytest.mark.parametrize("block", [each for each in blocks("bash") if each.strip() not in RUN_BY_OTHERS])
def test_a_shell_block_runs(block: str, checkout: Path) -> None:
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    script = re.sub(r"\buv run ", "", block)  # uv would make the environment that runs this test
    run = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=checkout,
        env=environment,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_the_fixture_of_the_readme_is_one(checkout: Path) -> None:
    (block,) = blocks("python")
    (checkout / "test_readme_block.py").write_text(block)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", ".", "test_readme_block.py"]
    run = subprocess.run(command, cwd=checkout, capture_output=True, text=True, timeout=280, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def test_the_project_files_of_the_readme_load(tmp_path: Path) -> None:
    whole, flagship = blocks("toml")
    path = tmp_path / "rehearsal.toml"
    path.write_text(whole)
    assert config.load(path).cases[0].content_type is None
    path.write_text(f'[project]\nname = "readme"\n[handler]\nsource = "handler"\n{flagship}')
    assert config.load(path).handler.environment["FRAME_INTERVAL"] == 5


def test_the_model_specification_of_the_readme_is_one(tmp_path: Path) -> None:
    (block,) = blocks("json")
    path = tmp_path / "model.json"
    path.write_text(block)
    assert read_spec(path).labels == {1: "duck", 2: "goose"}
