"""Which cases a rehearsal sends, in which order, and who answers each: the project's own model, or a companion.

A companion is the flagship's handler of this bundle around the small model that knows the known answer. No other
handler can load that model, so no other family has one: what it does is told by the project's cases alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from deploy.bundle import Bundle
from deploy.config import Project
from deploy.config.case_sections import ExpectSection
from deploy.gates import family
from harness import cases
from harness.cases import Case, KnownAnswer

ServedBy = Literal["own", "companion"]


@dataclass(frozen=True)
class Planned:
    case: Case
    served_by: ServedBy = "own"


@dataclass(frozen=True)
class Asked:
    """What the project and the command line ask for, all of it there."""

    of_project: tuple[Case, ...]
    given: tuple[Case, ...]
    clips: tuple[Case, ...]
    known: KnownAnswer | None
    """None when the project names none; the flagship then has the harness's own."""


def read(project: Project, videos: Sequence[Path], given: Sequence[str]) -> Asked:
    """Open everything that is sent. Raises ConfigurationError when something is missing or is not what it should be."""
    named = project.validate.known_answer
    return Asked(
        cases.of_project(project),
        cases.of_files(given),
        cases.of_users_clips((*project.validate.clips, *videos)),
        cases.open_known_answer(named) if named is not None else None,
    )


def plan(project: Project, built: Bundle, asked: Asked, folder: Path) -> tuple[Planned, ...]:
    """Good requests, then bad ones, then a good one again: to the own model, all but a known answer it cannot know."""
    if family.has_known_answer(built):
        return _of_flagship(project, asked, folder)
    return _of_any_model(project, asked, folder)


def _of_flagship(project: Project, asked: Asked, folder: Path) -> tuple[Planned, ...]:
    known = asked.known or cases.open_known_answer(None)
    of_truth = cases.of_known_answer(known)
    if known.has_labels_of(project.model.spec):
        first, good = [Planned(of_truth)], of_truth
    else:
        good = cases.of_own_model(known)
        first = [Planned(of_truth, "companion"), Planned(good)]
    rest = (*asked.of_project, *asked.given, *asked.clips, cases.of_bad_input(folder), cases.again(good))
    return (*first, *(Planned(case) for case in rest))


def _of_any_model(project: Project, asked: Asked, folder: Path) -> tuple[Planned, ...]:
    known = asked.known
    of_truth = [cases.of_known_answer(known)] if known and known.has_labels_of(project.model.spec) else []
    # Clips are files like any other here: the answer need not have the flagship's format.
    clips = [replace(case, kind="user_case", expectation=ExpectSection()) for case in asked.clips]
    wanted = [*of_truth, *asked.of_project, *asked.given, *clips]
    good = next((case for case in wanted if case.expects == "completed"), None)
    ending = [cases.again(good)] if good else []
    return tuple(Planned(case) for case in (*wanted, *cases.of_probes(folder, good), *ending))
