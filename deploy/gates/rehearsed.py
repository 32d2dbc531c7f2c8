"""Judges the result of the rehearsal: its verdict, the known answer, and the checks that are demanded."""

from __future__ import annotations

from collections.abc import Sequence

from deploy.config.spelling import did_you_mean
from deploy.evidence.record import Judgement
from deploy.gates.evidence import MAKE_EVIDENCE
from deploy.gates.judged import GateInput, Judged
from deploy.gates.limits import held

# This is the kind of the case with the clip whose objects are known.
KNOWN_ANSWER = "known_answer"


def verdict(gate_input: GateInput) -> Judged:
    for each in gate_input.evidence:
        found = each.report.verdict
        if not found.passed:
            return Judged(found.outcome, f"{each.path}: {found.outcome}, {found.summary}")
    return Judged("passed", gate_input.evidence[0].report.verdict.summary)


def known_answer(gate_input: GateInput) -> Judged:
    cases = [case for each in gate_input.evidence for case in each.report.cases_of(KNOWN_ANSWER)]
    if not cases:
        return Judged("failed", f"no case of it in the evidence: {MAKE_EVIDENCE}")
    metrics = [metric for case in cases for metric in case.metrics if metric.name == "map_50"]
    return held(metrics, at_least=gate_input.project.gates.min_map50)


def demanded_checks(gate_input: GateInput) -> Sequence[str]:
    """The checks that the project names; without any the default, which does not apply to the local target."""
    gates = gate_input.project.gates
    is_named = "required_checks" in gates.model_fields_set
    return gates.required_checks if is_named or not gate_input.target_is_local else ()


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
