"""The names of recorded answers: where one lies by default, and the body of a binary one beside it.

A bundle of a handler in the project's own folder leaves them out, so that recording an answer changes no bundle.
"""

from __future__ import annotations

from glob import escape
from pathlib import Path


def default_path(file: Path) -> Path:
    """Beside the case's file."""
    return file.with_name(f"{file.name}.golden.json")


def body_name(golden: Path, suffix: str) -> str:
    return f"{golden.stem}.body{suffix}"


def bodies_of(golden: Path) -> tuple[Path, ...]:
    """The files beside it that hold its body: one, or none."""
    return tuple(sorted(golden.parent.glob(f"{escape(golden.stem)}.body.*")))
