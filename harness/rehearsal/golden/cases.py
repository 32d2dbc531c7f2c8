"""Which of the project's cases are meant: those named, or those that have a golden."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from deploy.config import Project
from deploy.config.spelling import did_you_mean
from harness import cases, goldens
from harness.cases import Case
from harness.core.errors import ConfigurationError
from harness.rehearsal.planning import golden_path


def chosen(project: Project, names: Sequence[str]) -> tuple[Case, ...]:
    """Raises ConfigurationError for a name that no case has, a case that must fail, and where there is none at all."""
    every = {case.name: case for case in cases.of_project(project)}
    for name in names:
        _check(project, name, every)
    meant = [every[name] for name in dict.fromkeys(names)] or [case for case in every.values() if golden_path(case)]
    if not meant:
        raise ConfigurationError(
            f"{project.path}: no [[case]] has expect.golden. Name one to record: harness golden record --case NAME "
            f"(its cases: {_listed(every)})"
        )
    return tuple(meant)


def path_of(case: Case) -> Path:
    """The file that the case names, or the one beside what it sends."""
    return golden_path(case) or goldens.default_path(case.clip.path)


def _check(project: Project, name: str, every: dict[str, Case]) -> None:
    if name not in every:
        raise ConfigurationError(
            f"--case {name}: {project.path} has no such [[case]]{did_you_mean(name, list(every))} "
            f"(its cases: {_listed(every)})"
        )
    if every[name].expects != "completed":
        raise ConfigurationError(f"--case {name}: it must fail, and a refusal is held against expect.code alone")


def _listed(every: dict[str, Case]) -> str:
    return ", ".join(every) or "none"
