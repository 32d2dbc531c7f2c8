"""`harness bench`: what is wrong with its options is said before anything starts."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from harness.cli.main import app
from harness.core.errors import ConfigurationError

PROJECT = '[project]\nname = "demo"\n[[case]]\nname = "rows"\nfile = "rows.json"\n'


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "rows.json").write_text("{}")
    path = tmp_path / "rehearsal.toml"
    path.write_text(PROJECT)
    return path


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--sweep", "BATCH_SIZE="], "--sweep must be NAME=VALUE,VALUE..., such as BATCH_SIZE=1,4,8"),
        (["--sweep", "batch=1"], "capital letters, digits and underscores"),
        (["--sweep", "BATCH_SIZE=1", "--batch-size", "4"], "BATCH_SIZE is swept twice"),
        (
            ["--env", "BATCH_SIZE=1,4,8"],
            "--env names an overlay of the project file; to try values: --sweep BATCH_SIZE=1,4",
        ),
        (["--env", "gpu"], "gpu"),
        (["--load", "poisson:0"], "the number must be from 0.1 to 1000"),
        (["--load", "storm"], "--load must be closed, poisson:RATE"),
        (["--case", "tulip"], "there is no file tulip; write FILE or FILE:CONTENT_TYPE, or the name of a case: rows"),
        (["--case", "rows", "--video", "x.mp4"], "--video and --case exclude each other"),
        (["--frame-size", "big"], "--frame-size must be WIDTHxHEIGHT"),
    ],
)
def test_a_wrong_option_is_refused_with_the_next_step(project: Path, options: list[str], said: str) -> None:
    found = CliRunner().invoke(app, ["bench", "--config", str(project), *options])
    assert isinstance(found.exception, ConfigurationError)
    assert said in str(found.exception)
    assert not (project.parent / ".rehearsal").exists()


def test_a_concurrency_of_nothing_is_a_usage_error(project: Path) -> None:
    assert CliRunner().invoke(app, ["bench", "--config", str(project), "--concurrency", "0"]).exit_code == 2


def test_the_help_is_tidy_at_80_columns() -> None:
    shown = CliRunner().invoke(app, ["bench", "--help"], env={"COLUMNS": "80"}, terminal_width=80).output
    assert max(len(line) for line in shown.splitlines()) <= 80
    for option in ("--sweep NAME=VALUES", "--case NAME", "--load SHAPE", "--env NAME"):
        assert option in shown
