"""What an example takes from Rehearsal itself: the flagship's handler, the known answer.

Its rehearsal.toml in the repository names their places there; in a project of one's own they are folders beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.cases.known_answer import KNOWN_ANSWER
from harness.core.top_level import HANDLER

LEFT_OUT = ("__pycache__",)


@dataclass(frozen=True)
class Part:
    named: str
    """How a rehearsal.toml below `examples/` names it, relative to itself."""
    folder: Path
    """Where it is, in a checkout or an installed package."""
    copied_to: str


PARTS = (
    Part("../../handler", HANDLER, "handler"),
    Part("../../harness/samples/known_answer", KNOWN_ANSWER.folder, "known_answer"),
)


def taken_along(project_file: bytes) -> tuple[bytes, Mapping[str, bytes]]:
    """The project file with the copies' places, and the files to copy by relative path."""
    files: dict[str, bytes] = {}
    for part in PARTS:
        named = f'"{part.named}'.encode()
        if named in project_file:
            project_file = project_file.replace(named, f'"{part.copied_to}'.encode())
            files |= _files(part)
    return project_file, files


def _files(part: Part) -> Iterator[tuple[str, bytes]]:
    for path in sorted(part.folder.rglob("*")):
        relative = path.relative_to(part.folder)
        if path.is_file() and not set(LEFT_OUT) & set(relative.parts):
            yield f"{part.copied_to}/{relative.as_posix()}", path.read_bytes()
