"""Runs a step in a process of its own, ends it when its time is over, and keeps whatever it had measured.

A step's process starts a session, and every worker that it starts belongs to that session's group: ending the group
ends all of them, and nothing else.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.contestants.worker import ROOT
from benchmarks.gpu_day.measuring import record
from benchmarks.gpu_day.measuring.record import Document
from benchmarks.gpu_day.steps.table import Step

_ERROR_LINES = 12
_PATIENCE_SECONDS = 10


@dataclass(frozen=True)
class Visit:
    """Where the steps of this visit find their inputs and leave their results."""

    out: Path
    inputs: Path
    device: str
    quick: bool
    site: Path | None
    """A folder of packages that the machine lacks."""

    def result(self, step: Step) -> Path:
        return self.out / f"{step.name}.json"

    def environment(self) -> dict[str, str]:
        """The step's: this repository and the site first, and no GPU where the CPU is measured."""
        folders = [ROOT, ROOT / "handler", *([self.site] if self.site else []), os.environ.get("PYTHONPATH")]
        path = {"PYTHONPATH": os.pathsep.join(str(folder) for folder in folders if folder), "PYTHONUNBUFFERED": "1"}
        # Tiny sizes are too small to share: threads that wait for each other would take most of the time.
        threads = {"OMP_NUM_THREADS": "1"} if self.quick else {}
        return {**os.environ, **path, **threads, **({"CUDA_VISIBLE_DEVICES": ""} if self.device == "cpu" else {})}


def run(step: Step, visit: Visit, bound_seconds: float) -> Document:
    """The step's document, with `status` done, failed, or cut (its time was over); it is in `visit.out` as well."""
    part = visit.out / f"{step.name}.part.json"
    part.unlink(missing_ok=True)
    log = visit.out / f"{step.name}.log"
    started = time.monotonic()
    with log.open("wb") as output:
        status = _ended(_command(step, visit, part), visit.environment(), output.fileno(), bound_seconds)
    document = {
        "step": step.name,
        "status": status,
        "seconds": round(time.monotonic() - started, 1),
        **(record.read(part) or {"columns": list(step.columns), "facts": {}, "rows": []}),
        **({} if status == "done" else {"error": _last_lines(log)}),
    }
    record.write(visit.result(step), document)
    part.unlink(missing_ok=True)
    return document


def _command(step: Step, visit: Visit, part: Path) -> list[str]:
    extent = "quick" if visit.quick else "full"
    module = [sys.executable, "-m", "benchmarks.gpu_day.steps.child"]
    return [*module, step.name, str(part), str(visit.inputs), visit.device, extent]


def _ended(command: list[str], environment: Mapping[str, str], output: int, bound_seconds: float) -> str:
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
        start_new_session=True,
    )  # fmt: skip
    try:
        return "done" if process.wait(bound_seconds) == 0 else "failed"
    except subprocess.TimeoutExpired:
        return "cut"
    finally:
        _end_group(process)


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """What is left of the step's own session: the step where it was cut or interrupted, and workers without it."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    process.wait(_PATIENCE_SECONDS)


def _last_lines(log: Path) -> list[str]:
    return log.read_text(encoding="utf-8", errors="replace").splitlines()[-_ERROR_LINES:]
