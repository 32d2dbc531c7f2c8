"""A handler that lies in the project's own folder, beside rehearsal.toml: what is there and is no part of it.

Owns: the files that are left out of `code/` then. A handler in a folder of its own is packed whole.
"""

from __future__ import annotations

import os
from pathlib import Path

from deploy.config import Project

# What both command lines write by default.
_RESULTS = ("dist", "rehearsal-report", "rehearsal-bench")


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
    cases = (path for case in project.cases for path in (case.file, case.expect.json_schema, case.expect.golden))
    named = (project.path, out_dir, *model, project.model.weights, project.model.spec, *cases)
    results = (project.root / name for name in _RESULTS)
    return frozenset(plain(path) for path in (*named, *results) if isinstance(path, Path))


def plain(path: Path) -> Path:
    """Absolute and without `..`; no link is followed."""
    return Path(os.path.normpath(path.absolute()))
