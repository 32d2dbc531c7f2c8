"""Judges the result of the rehearsal: its verdict, the known answer, and the checks that are demanded."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from deploy.config.spelling import did_you_mean
from deploy.core.digests import digest_of_file
from deploy.evidence import Case
from deploy.evidence.record import Judgement
from deploy.gates import family
from deploy.gates.evidence import MAKE_EVIDENCE
from deploy.gates.judged import GateInput, Judged
from deploy.gates.limits import held

# This is the kind of the case with the clip whose objects are known.
KNOWN_ANSWER = "known_answer"
# And this of a case of the project.
PROJECT_CASE = "project_case"


def verdict(gate_input: GateInput) -> Judged:
    for each in gate_input.evidence:
        found = each.report.verdict
        if not found.passed:
            return Judged(found.outcome, f"{each.path}: {found.outcome}, {found.summary}")
    return Judged("passed", gate_input.evidence[0].report.verdict.summary)


def known_answer(gate_input: GateInput) -> Judged | None:
    cases = _cases(gate_input, KNOWN_ANSWER)
    if not cases and not family.has_known_answer(gate_input.bundle):
        return None
    if not cases:
        return Judged("failed", f"no case of it in the evidence: {MAKE_EVIDENCE}")
    metrics = [metric for case in cases for metric in case.metrics if metric.name == "map_50"]
    return held(metrics, at_least=gate_input.project.gates.min_map50)


def cases(gate_input: GateInput) -> Judged | None:
    """Every case that the project has now was run and passed; and enough were answered, without a known answer."""
    project, demanded = gate_input.project, _demanded_cases(gate_input)
    if not project.cases and not demanded:
        return None
    passed = {case.name: case for case in _cases(gate_input, PROJECT_CASE) if case.judgement == "passed"}
    missing = [case.title for case in project.cases if case.title not in passed]
    if missing:
        return Judged("failed", f"{', '.join(missing)} did not pass in the evidence: {MAKE_EVIDENCE}")
    replaced = [case.title for case in project.cases if _is_another_file(case.file, passed[case.title])]
    if replaced:
        return Judged("failed", f"{', '.join(replaced)} was sent as another file than it is now: {MAKE_EVIDENCE}")
    answered = sum(case.outcome == "completed" for case in passed.values())
    reason = f"{answered} of the project's cases answered as expected, demanded is at least {demanded}"
    if answered < demanded:
        return Judged("failed", f"{reason}: add a [[case]] to {project.path}, and {MAKE_EVIDENCE}")
    return Judged("passed", reason)


def _is_another_file(now: Path, case: Case) -> bool:
    return case.input is not None and (not now.is_file() or digest_of_file(now) != case.input.sha256)


def _demanded_cases(gate_input: GateInput) -> int:
    """`min_cases`, but none where a known answer proves more, or of the local target unless it is written."""
    gates = gate_input.project.gates
    is_free = gate_input.target_is_local and "min_cases" not in gates.model_fields_set
    return 0 if is_free or family.has_known_answer(gate_input.bundle) else gates.min_cases


def _cases(gate_input: GateInput, kind: str) -> list[Case]:
    return [case for each in gate_input.evidence for case in each.report.cases_of(kind)]


def demanded_checks(gate_input: GateInput) -> Sequence[str]:
    """The checks that the project names; without any the default, which does not apply to the local target, nor to a
    model that has nothing to be compared with.
    """
    gates = gate_input.project.gates
    is_named = "required_checks" in gates.model_fields_set
    is_default = not gate_input.target_is_local and family.has_known_answer(gate_input.bundle)
    return gates.required_checks if is_named or is_default else ()


def check(name: str, gate_input: GateInput) -> Judged:
    """Judge one demanded check; a skipped one has not passed."""
    checks = {found.name: found for each in gate_input.evidence for found in each.report.checks}
    found = checks.get(name)
    if found is None:
        close = did_you_mean(name, list(checks))
        return Judged("failed", f"check {name} is demanded and did not run{close or f': {MAKE_EVIDENCE}'}")
    if found.judgement == "passed":
        return Judged("passed", found.summary or "passed")
    said = f"check {name} is {found.judgement}: {found.summary or 'no reason given'}"
    outcome: Judgement = "failed" if found.judgement == "failed" else "inconclusive"
    return Judged(outcome, f"{said}. [gates] required_checks says which checks are demanded")
