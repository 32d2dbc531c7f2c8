"""From a rehearsal to an endpoint and back to nothing, with the console scripts, on the real local AWS."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
SECONDS = 240


class Shell:
    """Runs the installed commands in one folder, with the variables that `harness up --export` printed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.variables: Mapping[str, str] = {}

    def run(self, words: str, *, expect: int = 0) -> str:
        name, *arguments = words.split()
        ran = subprocess.run(
            [str(BIN / name), *arguments],
            cwd=self.folder,
            env={**os.environ, **self.variables},
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert ran.returncode == expect, f"{words}: exit {ran.returncode}\n{ran.stdout}\n{ran.stderr}"
        return ran.stdout


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    text = (ROOT / "rehearsal.toml").read_text()
    for folder in ("harness/samples", "handler"):
        text = text.replace(f'"{folder}', f'"{ROOT}/{folder}')
    (tmp_path / "rehearsal.toml").write_text(text)
    made = Shell(tmp_path)
    made.run("harness up --detach --runtime process --time-scale 30")
    exported = made.run("harness up --export")
    pairs = (line.removeprefix("export ").split("=", 1) for line in exported.splitlines() if "=" in line)
    made.variables = {name: value.strip("'\"") for name, value in pairs}
    yield made
    made.run("harness down")


def test_what_was_rehearsed_is_promoted_watched_and_taken_back(shell: Shell) -> None:
    """No update here: what happens while one bakes is tested where the clock can be turned."""
    shell.run("harness validate --runtime process --quiet")
    shell.run("deploy bundle")
    assert "Every gate is open." in shell.run("deploy gate --target local")
    assert "Nothing was changed" in shell.run("deploy --target local", expect=2)
    assert "serves as rehearsal" in shell.run("deploy --promote --target local --yes")
    assert "No changes" in shell.run("deploy --target local")
    status = json.loads(shell.run("deploy status --target local --output json"))
    assert (status["state"], status["min_instances"], status["follows_pointer"]) == ("InService", 0, True)
    assert "No drift" in shell.run("deploy drift --target local")
    evidence = "dist/model.tar.gz rehearsal-report/report.json"
    assert "proven: what serves" in shell.run(f"deploy verify --target local {evidence}")
    clip = ROOT / "harness" / "samples" / "known_answer" / "clip.mp4"
    answer = json.loads(shell.run(f"deploy invoke {clip} --target local"))
    assert answer["schema"] == "rehearsal.predictions/1"
    assert "promoted" in shell.run("deploy releases --target local")
    shell.run("deploy destroy --target local --purge --yes")
    assert json.loads(shell.run("aws sagemaker list-endpoints --output json")) == {"Endpoints": []}
    assert json.loads(shell.run("aws sagemaker list-models --output json")) == {"Models": []}
    assert json.loads(shell.run("aws s3api list-buckets --output json"))["Buckets"] == []
    assert json.loads(shell.run("aws cloudwatch describe-alarms --output json"))["MetricAlarms"] == []
