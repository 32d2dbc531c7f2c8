"""The files that are to be written, as values, and writing them: all are checked before the first is written.

May not: decide what is written.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from deploy.core.errors import ConfigurationError
from deploy.core.files import write_bytes


@dataclass(frozen=True)
class Plan:
    folder: Path
    files: dict[str, bytes]
    """By path relative to the folder."""
    ignored: tuple[str, ...] = ()
    """Lines that .gitignore must have."""
    said: tuple[str, ...] = ()
    """What was seen and decided, a line each."""
    next_commands: tuple[str, ...] = ("harness validate",)


@dataclass(frozen=True)
class Written:
    files: tuple[str, ...]
    """New files, and those that `--force` replaced."""
    ignored: tuple[str, ...]
    """The lines that were added to .gitignore."""


def write(plan: Plan, *, force: bool, is_dry: bool = False) -> Written:
    """Write the plan; a file with the same content is left alone, and .gitignore is only added to.

    Raises ConfigurationError, before anything is written, when a file is there with other content and not `force`.
    """
    new = {name: data for name, data in plan.files.items() if not _holds(plan.folder / name, data)}
    there = [name for name in new if (plan.folder / name).exists() or (plan.folder / name).is_symlink()]
    if there and not force:
        raise ConfigurationError(
            f"{plan.folder / there[0]} is there already{_and_more(there)}: nothing was written. Remove it, use another "
            "folder, or replace it with --force"
        )
    missing = _missing(plan.folder / ".gitignore", plan.ignored)
    if not is_dry:
        for name, data in new.items():
            write_bytes(plan.folder / name, data)
        _add(plan.folder / ".gitignore", missing)
    return Written(tuple(new), missing)


def _holds(path: Path, data: bytes) -> bool:
    return path.is_file() and path.read_bytes() == data


def _and_more(there: list[str]) -> str:
    return f", and so are {len(there) - 1} more" if len(there) > 1 else ""


def _missing(path: Path, wanted: tuple[str, ...]) -> tuple[str, ...]:
    present = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else []
    bare = {line.strip().strip("/") for line in present}
    return tuple(line for line in wanted if line.strip("/") not in bare)


def _add(path: Path, lines: tuple[str, ...]) -> None:
    if not lines:
        return
    before = path.read_bytes() if path.is_file() else b""
    gap = b"" if not before or before.endswith(b"\n") else b"\n"
    write_bytes(path, before + gap + "".join(f"{line}\n" for line in lines).encode())
