"""The installed commands, run in one folder that looks like a checkout, with a local AWS running beside it."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
SECONDS = 300


class Shell:
    """Runs commands with the variables that `harness up --export` printed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.variables: Mapping[str, str] = {}

    def run(self, words: str, *, expect: int = 0) -> str:
        """What it wrote to stdout, and to stderr when it was expected to fail; any other exit code is an error."""
        with self.start(words) as started:
            stdout, stderr = started.communicate(timeout=SECONDS)
        assert started.returncode == expect, f"{words}: exit {started.returncode}\n{stdout}\n{stderr}"
        return stdout + (stderr if expect else "")

    def start(self, words: str) -> subprocess.Popen[str]:
        name, *arguments = shlex.split(words)
        return subprocess.Popen(
            [str(BIN / name), *arguments],
            cwd=self.folder,
            env={**os.environ, **self.variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


@contextmanager
def local_aws(folder: Path, *, time_scale: float = 30.0) -> Iterator[Shell]:
    for name in ("handler", "harness/samples/known_answer"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "rehearsal.toml", folder)
    shell = Shell(folder)
    shell.run(f"harness up --detach --runtime process --time-scale {time_scale:g}")
    try:
        exported = shell.run("harness up --export")
        pairs = (line.removeprefix("export ").split("=", 1) for line in exported.splitlines() if "=" in line)
        shell.variables = {name: value.strip("'\"") for name, value in pairs}
        yield shell
    finally:
        shell.run("harness down")
