"""The working examples: folders with a rehearsal.toml of their own, in the repository's `examples/` and in the wheel.

The flagship is one too, and an example may serve its own model with the flagship's handler, which is then copied along.
An example whose weights are too large to be carried has a `fetch_model.py`, which is run in the new project by this
Python. May not: install anything.
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
from harness.samples import flagship
from harness.scaffold import workflow
from harness.scaffold.beside_handler import IGNORED
from harness.scaffold.planned import Plan

FLAGSHIP = "mask-rcnn"
FETCHING = "fetch_model.py"
# Where an example finds the flagship's handler, in the repository and in the wheel.
_FLAGSHIPS_HANDLER = b'source = "../../handler"'
_LEFT_OUT = ("__pycache__", ".rehearsal", "rehearsal-report", "rehearsal-bench", "dist")


@dataclass(frozen=True)
class Example:
    name: str
    summary: str


def examples() -> tuple[Example, ...]:
    """By name."""
    found = [Example(path.parent.name, _summary(path.parent)) for path in EXAMPLES.glob(f"*/{FILE_NAME}")]
    flagship_one = Example(FLAGSHIP, "Mask R-CNN over video: the flagship handler with its known answer.")
    return tuple(sorted((*found, flagship_one), key=lambda each: each.name))


def plan_example(folder: Path, example: str, *, name: str, with_workflow: bool) -> Plan:
    """Raises ConfigurationError for a name that no example has; the message lists them all."""
    known = [each.name for each in examples()]
    if example not in known:
        raise ConfigurationError(
            f"there is no example {example!r}{did_you_mean(example, known)} (examples: {', '.join(known)})"
        )
    files = dict(flagship.files() if example == FLAGSHIP else _with_handler(_files(EXAMPLES / example)))
    files[FILE_NAME] = _renamed(files[FILE_NAME], name)
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


def _with_handler(files: Mapping[str, bytes]) -> Mapping[str, bytes]:
    """The same files, and the flagship's handler where the example serves with it."""
    project_file = files[FILE_NAME]
    if _FLAGSHIPS_HANDLER not in project_file:
        return files
    return {**files, **flagship.handler(), FILE_NAME: project_file.replace(_FLAGSHIPS_HANDLER, b'source = "handler"')}


def _summary(folder: Path) -> str:
    """The first paragraph of its README, below the title."""
    return (folder / "README.md").read_text(encoding="utf-8").split("\n\n")[1].replace("\n", " ")


def _renamed(text: bytes, name: str) -> bytes:
    """The same file with the first `name = ...`, that of [project], replaced."""
    lines = text.decode().splitlines(keepends=True)
    at = next(index for index, line in enumerate(lines) if line.startswith("name = "))
    return "".join((*lines[:at], f'name = "{name}"\n', *lines[at + 1 :])).encode()
