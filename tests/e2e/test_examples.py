"""Every example, and the project of an empty folder, is rehearsed as it comes: two commands, on the real stack."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from harness import scaffold
from tests.e2e.runs import HARNESS, RUN_SECONDS, Finished

pytestmark = pytest.mark.e2e

# The flagship has tests of its own.
NAMES = [each.name for each in scaffold.examples() if each.name != "mask-rcnn"]


def harness(folder: Path, *words: str) -> Finished:
    command = [str(HARNESS), *words]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=RUN_SECONDS, check=False)
    return Finished(run.returncode, run.stdout, run.stderr, folder / "rehearsal-report", folder / ".rehearsal")


@pytest.mark.parametrize("name", NAMES)
def test_an_example_is_green_right_after_init(name: str, tmp_path: Path) -> None:
    made = harness(tmp_path, "init", "--example", name)
    assert made.exit_code == 0, made.stderr
    assert made.stdout.splitlines()[-1] == "Next: harness validate"
    ran = harness(tmp_path, "validate", "--runtime", "process")
    assert ran.exit_code == 0, ran.stdout + ran.stderr
    assert {case.judgement for case in ran.report.cases} == {"passed"}


def test_an_empty_folder_is_green_right_after_init(tmp_path: Path) -> None:
    assert harness(tmp_path, "init").exit_code == 0
    ran = harness(tmp_path, "validate", "--runtime", "process")
    assert ran.exit_code == 0, ran.stdout + ran.stderr
    assert {"completed", "failed"} == {case.outcome for case in ran.report.cases}
