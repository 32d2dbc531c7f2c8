"""Runs the tests that are marked `gpu`. On a GPU a test that finds none is a failure."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from xml.etree import ElementTree as ET

from benchmarks.contestants.worker import ROOT
from benchmarks.gpu_day.measuring.extent import Extent
from benchmarks.gpu_day.measuring.inputs import TEST_CLIPS, Inputs
from benchmarks.gpu_day.measuring.record import Record

_TAIL = 3000
# No plugin of the environment takes part but those that pyproject's own options name.
_OPTIONS = ("-q", "-m", "gpu", "-p", "no:cacheprovider", "-o", "addopts=--strict-markers --import-mode=importlib")


def measure(record: Record, inputs: Inputs, extent: Extent) -> None:
    """A row for each test. Clips come from the prepared folder, because the GPU machine has no ffmpeg."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.xml")
        command = [sys.executable, "-m", "pytest", *_OPTIONS, *_files(), f"--junitxml={report}"]
        ran = subprocess.run(
            command, cwd=ROOT, env=_environment(inputs, extent), capture_output=True, text=True, check=False
        )
        record.fact(exit_code=ran.returncode, output=(ran.stdout + ran.stderr)[-_TAIL:])
        for name, outcome, why in _outcomes(report):
            record.row(name, outcome=outcome, why=why)


def _files() -> list[str]:
    """Those with a marked test: the others may need packages that are not here."""
    found = sorted((ROOT / "tests" / "handler").rglob("test_*.py"))
    return [str(path.relative_to(ROOT)) for path in found if "mark.gpu" in path.read_text(encoding="utf-8")]


def _environment(inputs: Inputs, extent: Extent) -> dict[str, str]:
    clips = inputs.folder / TEST_CLIPS
    return {
        **os.environ,
        **({"FAIL_WITHOUT_CUDA": "1"} if extent.on_gpu else {}),
        **({"REHEARSAL_TEST_CLIPS": str(clips)} if clips.is_dir() else {}),
    }


def _outcomes(report: Path) -> list[tuple[str, str, str]]:
    """Name, outcome and the first line of the reason of every test."""
    if not report.is_file():
        return []
    found = []
    for case in ET.parse(report).getroot().iter("testcase"):  # noqa: S314  written by pytest, here
        kinds = {child.tag: child.get("message", "") for child in case}
        kind = next((tag for tag in ("failure", "error", "skipped") if tag in kinds), "passed")
        found.append((str(case.get("name")), kind, kinds.get(kind, "").partition("\n")[0][:300]))
    return found
