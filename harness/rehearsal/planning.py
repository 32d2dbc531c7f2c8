"""Which cases a rehearsal sends, in which order, and who answers each: the project's own model, or a companion.

A companion is the flagship's handler of this bundle around the small model that knows the known answer. No other
handler can load that model, so no other family has one: what it does is told by the project's cases alone.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from deploy.bundle import Bundle
from deploy.config import Project
from deploy.config.case_sections import ExpectSection
from deploy.gates import family
from harness import cases, goldens
from harness.cases import Case, Demands, KnownAnswer
from harness.core.errors import ConfigurationError
from harness.goldens import Golden

ServedBy = Literal["own", "companion"]


@dataclass(frozen=True)
class Planned:
    case: Case
    served_by: ServedBy = "own"
    golden: Golden | None = None
    """What the answer is held against beside the case's other expectations."""


@dataclass(frozen=True)
class Asked:
    """What the project and the command line ask for, all of it there."""

    of_project: tuple[Case, ...]
    given: tuple[Case, ...]
    clips: tuple[Case, ...]
    known: KnownAnswer | None
    """None when the project names none; the flagship then has the harness's own."""
    goldens: Mapping[Path, Golden] = field(default_factory=dict)
    """By the file that a case names."""

    def with_golden(self, planned: Planned) -> Planned:
        path = planned.case.expectation.golden if planned.case.expectation else None
        return planned if path is None else replace(planned, golden=self.goldens[path])


def read(project: Project, videos: Sequence[Path], given: Sequence[str]) -> Asked:
    """Open everything that is sent. Raises ConfigurationError when something is missing or is not what it should be."""
    named = project.validate.known_answer
    of_project = cases.of_project(project)
    return Asked(
        of_project,
        cases.of_files(given),
        cases.of_users_clips((*project.validate.clips, *videos)),
        cases.open_known_answer(named) if named is not None else None,
        {path: golden_of(project, case, path) for case in of_project if (path := golden_path(case)) is not None},
    )


def golden_path(case: Case) -> Path | None:
    """The file that the case names."""
    return case.expectation.golden if case.expectation else None


def golden_of(project: Project, case: Case, path: Path) -> Golden:
    """Raises ConfigurationError when it is not there, is none, or is the answer to another request."""
    named_by = f"{project.path}: [[case]] {case.name!r}: expect.golden"
    golden = goldens.read(path, named_by=named_by)
    other = goldens.Sent.of(case).unlike(golden.sent)
    if other is not None:
        raise ConfigurationError(
            f"{named_by} = {path} is the answer to {other}. Restore what is sent, or record its answer anew: "
            f"harness golden record --case {shlex.quote(case.name)} --update"
        )
    return replace(golden, case=case.name)  # it may have had another name then


def demands_of(project: Project, built: Bundle) -> Demands:
    """The demands on every answer of the project's endpoint."""
    interval = project.handler.environment.get("FRAME_INTERVAL")
    return Demands(
        int(interval) if interval is not None else None,
        project.gates.min_map50,
        is_notified=project.endpoint.mode == "async",
        golden=project.golden,
        weights_sha256=built.manifest.weights_sha256,
        timeout_seconds=project.endpoint.invocation_timeout_seconds,
    )


def plan(project: Project, built: Bundle, asked: Asked, folder: Path) -> tuple[Planned, ...]:
    """Good requests, then bad ones, then a good one again: to the own model, all but a known answer it cannot know."""
    of_family = _of_flagship if family.has_known_answer(built) else _of_any_model
    return tuple(asked.with_golden(planned) for planned in of_family(project, asked, folder))


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
