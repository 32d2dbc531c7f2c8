"""The working examples: folders with a rehearsal.toml of their own, in the repository's `examples/` and in the wheel.

An example may use what Rehearsal has, the flagship's handler and the known answer, which are then copied along. One
whose weights are too large to be carried has a `fetch_model.py`, which is run in the new project by this Python.
May not: install anything.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.config.spelling import did_you_mean
from deploy.core.errors import ConfigurationError
from deploy.core.project_file import FILE_NAME
from harness.core.errors import MachineCannot
from harness.core.top_level import EXAMPLES
from harness.scaffold import workflow
from harness.scaffold.beside_handler import IGNORED
from harness.scaffold.planned import Plan
from harness.scaffold.taken_along import taken_along

FETCHING = "fetch_model.py"
_LEFT_OUT = ("__pycache__", ".rehearsal", "rehearsal-report", "rehearsal-bench", "dist", ".ipynb_checkpoints")


@dataclass(frozen=True)
class Example:
    name: str
    summary: str


def examples() -> tuple[Example, ...]:
    """By name."""
    return tuple(Example(path.parent.name, _summary(path.parent)) for path in sorted(EXAMPLES.glob(f"*/{FILE_NAME}")))


def plan_example(folder: Path, example: str, *, name: str, with_workflow: bool) -> Plan:
    """Raises ConfigurationError for a name that no example has; the message lists them all."""
    known = [each.name for each in examples()]
    if example not in known:
        raise ConfigurationError(
            f"there is no example {example!r}{did_you_mean(example, known)} (examples: {', '.join(known)})"
        )
    files = dict(_files(EXAMPLES / example))
    project_file, along = taken_along(files[FILE_NAME])
    files |= {**along, FILE_NAME: _renamed(project_file, name)}
    is_fetching = FETCHING in files
    if with_workflow:
        commands = (f"python {FETCHING}", "harness validate") if is_fetching else ("harness validate",)
        files[workflow.PATH] = workflow.workflow(commands).encode()
    ignored = tuple(files.pop(".gitignore", b"").decode().splitlines()) or IGNORED
    return Plan(folder, files, ignored, (f"example: {example}",))


def fetches(plan: Plan) -> bool:
    """Whether the example has a model to fetch."""
    return FETCHING in plan.files


def fetch(plan: Plan) -> str:
    """Run the example's `fetch_model.py`; returns what it printed last.

    Raises MachineCannot with its last words when it fails; the project is written by then, and it can be run again.
    """
    command = [sys.executable, FETCHING]
    ran = subprocess.run(command, cwd=plan.folder, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise MachineCannot(
            f"the project is written, but {plan.folder / FETCHING} could not fetch the model. "
            f"Run `python {FETCHING}` there again, then `harness validate`",
            log_tail=ran.stderr.strip(),
        )
    return ran.stdout.strip().rpartition("\n")[2]


def _files(folder: Path) -> Mapping[str, bytes]:
    found = (path for path in sorted(folder.rglob("*")) if path.is_file())
    relative = ((path, path.relative_to(folder)) for path in found)
    return {name.as_posix(): path.read_bytes() for path, name in relative if not set(_LEFT_OUT) & set(name.parts)}


def _summary(folder: Path) -> str:
    """The first paragraph of its README, below the title."""
    return (folder / "README.md").read_text(encoding="utf-8").split("\n\n")[1].replace("\n", " ")


def _renamed(text: bytes, name: str) -> bytes:
    """The same file with the first `name = ...`, that of [project], replaced."""
    lines = text.decode().splitlines(keepends=True)
    at = next(index for index, line in enumerate(lines) if line.startswith("name = "))
    return "".join((*lines[:at], f'name = "{name}"\n', *lines[at + 1 :])).encode()
