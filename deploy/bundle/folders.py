"""Walks a folder that is packed: which files of it belong into an archive, and what may not be in it.

A handler may lie in the project's own folder, beside rehearsal.toml: what is there and is no part of it is `left_out`.
May not: open a file.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from deploy.config import Project
from deploy.config.case_sections import CaseSection
from deploy.core import golden_files
from deploy.core.errors import ConfigurationError

# What both command lines write by default.
_RESULTS = ("dist", "rehearsal-report", "rehearsal-bench")
_LEFT_OUT_SUFFIXES = (".pyc", ".pyo", "~", ".swp", ".swo", ".orig", ".rej", ".bak", ".tmp")
_LEFT_OUT_NAMES = ("__pycache__", "Thumbs.db", "desktop.ini")


def files_below(folder: Path, what: str, left_out: frozenset[Path] = frozenset()) -> Iterator[Path]:
    """Every file at any depth, less hidden files, byte code, virtual environments and an editor's temporary files.

    `left_out` are absolute paths that are passed over as well; `what` names in messages whose folder it is. Raises
    ConfigurationError for links, pipes and the like.
    """
    for path in folder.iterdir():
        if _is_left_out(path.name) or path.absolute() in left_out or (path / "pyvenv.cfg").is_file():
            continue
        check_plain(path, what)
        if path.is_dir():
            yield from files_below(path, what, left_out)
        else:
            yield path


def check_plain(path: Path, what: str) -> None:
    """Raises ConfigurationError unless it is a file or a folder itself."""
    if path.is_symlink():
        raise ConfigurationError(
            f"{path} is a symbolic link to {path.readlink()}: the container cannot follow it. Put the file there, "
            "for all links of a folder with `cp -rL FOLDER COPY`"
        )
    if not path.is_dir() and not path.is_file():
        raise ConfigurationError(f"{path} is neither file nor folder: remove it from {what}")


def _is_left_out(name: str) -> bool:
    return name.startswith((".", "#")) or name in _LEFT_OUT_NAMES or name.endswith(_LEFT_OUT_SUFFIXES)


def is_projects_own(project: Project) -> bool:
    """Whether `[handler] source` is the folder of rehearsal.toml."""
    return plain(project.handler.source) == plain(project.root)


def left_out(project: Project, out_dir: Path) -> frozenset[Path]:
    """The project file, the model, the cases and the results, as absolute paths; empty for a handler in another folder.

    So neither a rehearsal nor a new case changes the bundle that is rehearsed, and no model is packed twice.
    """
    if not is_projects_own(project):
        return frozenset()
    data = project.model.data
    model = data if isinstance(data, tuple) else (data,)
    cases = (path for case in project.cases for path in _of_case(case))
    named = (project.path, out_dir, *model, project.model.weights, project.model.spec, *cases)
    results = (project.root / name for name in _RESULTS)
    return frozenset(plain(path) for path in (*named, *results) if isinstance(path, Path))


def _of_case(case: CaseSection) -> Iterator[Path | None]:
    """Its files, there or not; a golden is recorded beside the case's file where the case names no place."""
    goldens = (case.expect.golden, golden_files.default_path(case.file))
    yield from (case.file, case.expect.json_schema, *goldens)
    for golden in goldens:
        if golden is not None:
            yield from golden_files.bodies_of(golden)


def plain(path: Path) -> Path:
    """Absolute and without `..`; no link is followed."""
    return Path(os.path.normpath(path.absolute()))
