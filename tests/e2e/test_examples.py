"""Every example, and the project of an empty folder, is rehearsed as it comes: two commands, on the real stack."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from harness import scaffold
from tests.e2e.runs import HARNESS, RUN_SECONDS, Finished

pytestmark = pytest.mark.e2e

# The flagship is rehearsed in `test_wheel`, right after `harness init` too.
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


PROMOTION = """
set -e
trap 'harness down > /dev/null' EXIT
harness validate --runtime process --quiet > validated.txt
deploy bundle --out dist
eval "$(harness up --runtime process --export)"
deploy --promote --target local --yes
deploy invoke cases/coffee.jpg --target local > answer.json
deploy destroy --target local --yes --purge
"""


def test_the_image_classifier_is_promoted_to_the_local_aws(tmp_path: Path) -> None:
    """Its smoke request is one of its cases, and what serves afterwards knows an espresso."""
    assert harness(tmp_path, "init", "--example", "image-classifier").exit_code == 0
    environment = os.environ | {"PATH": f"{HARNESS.parent}:{os.environ['PATH']}"}
    command = ["bash", "-c", PROMOTION]
    run = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=RUN_SECONDS, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "(as expected, after " in run.stdout + run.stderr
    assert json.loads((tmp_path / "answer.json").read_text())["label"] == "espresso"
