"""The wheel in a bare environment and an empty folder, for a user without a checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import pytest

from deploy.evidence import read
from harness.core.state import installer_environment
from harness.processes.uv import find_uv
from tests.built_wheel import build, uv

pytestmark = pytest.mark.e2e

OURS = {"deploy", "harness", f"sagemaker_rehearsal-{version('sagemaker-rehearsal')}.dist-info"}
_FILES = """
import importlib.metadata, json
print(json.dumps([str(path) for path in importlib.metadata.distribution("sagemaker-rehearsal").files]))
"""


@dataclass(frozen=True)
class Installed:
    bin: Path

    def run(self, program: str, *arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
        """Run a program with the variables that an installer needs, no others, and no checkout on any path."""
        path = os.pathsep.join([str(self.bin), str(find_uv().parent), os.environ["PATH"]])
        environment = installer_environment() | {"PATH": path}
        command = [str(word) for word in (self.bin / program, *arguments)]
        return subprocess.run(
            command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=240, check=False
        )


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel installed with the versions of uv.lock, most of which are linked from uv's cache."""
    folder = tmp_path_factory.mktemp("installed")
    wheel, constraints = build(folder, "--wheel"), folder / "constraints.txt"
    export = ("export", "--quiet", "--frozen", "--no-dev", "--no-emit-project", "--no-hashes")
    uv(*export, "--output-file", constraints)
    uv("venv", "--quiet", "--no-project", "--python", sys.executable, folder / "environment", cwd=folder)
    python = folder / "environment" / "bin" / "python"
    uv("pip", "install", "--quiet", "--python", python, "--constraints", constraints, wheel, cwd=folder)
    return Installed(python.parent)


def test_only_harness_and_deploy_land_in_site_packages(installed: Installed, tmp_path: Path) -> None:
    files = json.loads(installed.run("python", "-c", _FILES, cwd=tmp_path).stdout)
    assert {file.partition("/")[0] for file in files if not file.startswith("../")} == OURS
    assert {Path(file).name for file in files if file.startswith("../")} == {"deploy", "harness"}


@pytest.mark.parametrize("program", ["harness", "deploy"])
def test_help_is_shown_in_an_empty_folder(program: str, installed: Installed, tmp_path: Path) -> None:
    ran = installed.run(program, "--help", cwd=tmp_path)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith(f"Usage: {program} ")
    assert list(tmp_path.iterdir()) == []


def test_an_example_is_made_and_validated_in_an_empty_folder(installed: Installed, tmp_path: Path) -> None:
    made = installed.run("harness", "init", "--example", "image-classifier", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    ran = installed.run("harness", "validate", "--runtime", "process", cwd=tmp_path)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    report = read(tmp_path / "rehearsal-report" / "report.json")
    assert report.verdict.passed
    assert {case.name for case in report.cases} >= {"coffee", "coffee in JSON", "not a picture"}


def test_the_flagship_is_copied_and_validated_in_an_empty_folder(installed: Installed, tmp_path: Path) -> None:
    copied = installed.run("harness", "init", "--example", "mask-rcnn", cwd=tmp_path)
    assert copied.returncode == 0, copied.stderr
    ran = installed.run("harness", "validate", "--runtime", "process", "--out", "report", cwd=tmp_path)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.splitlines()[-1].startswith("Next: deploy ")
    report = read(tmp_path / "report" / "report.json")
    assert report.verdict.passed
    assert report.runtime.decoders["video"] == "pyav"
    assert {case.name: case.outcome for case in report.cases} == {
        "known answer": "completed",
        "not a video": "failed",
        "good again": "completed",
    }
    assert {check.name: check.outcome for check in report.checks} == {"own_answer": "passed", "parity": "passed"}
