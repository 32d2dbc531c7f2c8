"""`harness golden record`: what the endpoint answers now becomes the golden, where it is otherwise as expected.

Each request is sent twice: a handler that answers it differently each time has no golden.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from deploy.config import Project
from deploy.config.case_sections import GoldenSection
from deploy.evidence import Finding
from harness import goldens
from harness.cases import Case
from harness.checks import golden as check
from harness.core.errors import ConfigurationError
from harness.core.progress import Progress
from harness.goldens import Golden
from harness.rehearsal import planning
from harness.rehearsal.golden.asking import Options, ask
from harness.rehearsal.golden.cases import chosen, path_of
from harness.rehearsal.judging import Judged
from harness.rehearsal.planning import Planned

Outcome = Literal["recorded", "updated", "same", "differs", "refused"]


@dataclass(frozen=True)
class Recording:
    """What became of one case. `findings` say why it is refused, or how it differs from what was recorded before."""

    case: str
    path: Path
    outcome: Outcome
    findings: tuple[Finding, ...] = ()
    files: tuple[Path, ...] = ()
    is_named: bool = True
    """Whether the case names the file with expect.golden."""

    @property
    def is_well(self) -> bool:
        return self.outcome not in ("differs", "refused")


def record(options: Options, progress: Progress, *, update: bool = False) -> tuple[Recording, ...]:
    """Write the goldens; a changed one only with `update`. Raises ConfigurationError before anything starts."""
    project = options.project()
    cases = chosen(project, options.cases)
    old = {case.name: _recorded(project, case, update=update) for case in cases}
    answers = ask(options, project, [Planned(case) for case in cases], progress, times=2)
    return tuple(
        _record(project, case, old[case.name], judged, update=update)
        for case, judged in zip(cases, answers, strict=True)
    )


def _recorded(project: Project, case: Case, *, update: bool) -> Golden | None:
    """What is there; with `update` it may be anything. No file of a case is overwritten."""
    path = path_of(case)
    if path.exists() and path.samefile(case.clip.path):
        raise ConfigurationError(
            f"{project.path}: [[case]] {case.name!r}: expect.golden = {path} is what the case sends: name another file"
        )
    if not goldens.is_there(path):
        return None
    _check_is_own(project, case, path)
    try:
        return planning.golden_of(project, case, path)
    except ConfigurationError:
        if update:
            return None
        raise


def _check_is_own(project: Project, case: Case, path: Path) -> None:
    """Two cases that send one file may not share the place beside it, which neither of them names."""
    try:
        whose = goldens.read(path, named_by=f"the golden of [[case]] {case.name!r}").case
    except ConfigurationError:
        return
    if planning.golden_path(case) is None and whose != case.name:
        raise ConfigurationError(
            f"{path} is the golden of [[case]] {whose!r}: give {case.name!r} in {project.path} a file of its own with "
            "expect.golden, and record it again"
        )


def _record(project: Project, case: Case, old: Golden | None, judged: tuple[Judged, ...], *, update: bool) -> Recording:
    tolerance = project.golden.overlaid(case.expectation.golden_tolerance if case.expectation else None)
    recording = Recording(case.name, path_of(case), "refused", is_named=planning.golden_path(case) is not None)
    against = _against(judged, tolerance)
    answer = judged[0].answer
    if against or answer is None:
        return replace(recording, findings=against)
    if old is None:
        was_there = recording.path.exists()
        written = goldens.write(recording.path, answer)
        return replace(recording, outcome="updated" if was_there else "recorded", files=written)
    verdict = check.compare(old, answer, tolerance)
    findings = tuple(finding for finding in verdict.findings if finding.severity != "info")
    is_same = replace(answer, recorded=old.recorded) == old
    if update and not is_same:
        return replace(recording, outcome="updated", findings=findings, files=goldens.write(recording.path, answer))
    return replace(recording, outcome="differs" if verdict.has_drifted else "same", findings=findings)


def _against(judged: tuple[Judged, ...], tolerance: GoldenSection) -> tuple[Finding, ...]:
    """Why the answer may not become a golden; how long it took is no reason."""
    first, second = judged
    errors = tuple(finding for finding in first.record.findings if finding.severity == "error")
    if errors or first.record.outcome != "completed":
        return errors or (_because(f"the request ended as {first.record.outcome}"),)
    if first.unfit or first.answer is None:
        return (_because(f"the answer cannot be recorded: {first.unfit}"),)
    if second.answer is None:
        return (_because(f"the same request, sent again, ended as {second.record.outcome}: {second.unfit}"),)
    apart = check.compare(first.answer, second.answer, tolerance)
    return _unstable(apart) if apart.has_drifted else ()


def _unstable(apart: check.Verdict) -> tuple[Finding, ...]:
    said = "two answers to the same request differ"
    advice = "seed what is random in the handler, or allow more with expect.golden_tolerance (docs/cases.md)"
    return tuple(
        finding.model_copy(update={"message": f"{said}: {finding.message.removeprefix('golden: ')}", "advice": advice})
        for finding in apart.findings
        if finding.severity == "error"
    )


def _because(message: str) -> Finding:
    advice = "a golden is an answer that is right: correct the handler or the case, then record it"
    return Finding(check="golden.record", severity="error", message=message, advice=advice)
