"""Judges what the evidence is: about this bundle, with these settings, fresh, from a good enough runtime."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from deploy.gates import wording
from deploy.gates.evidence import MAKE_EVIDENCE, Evidence
from deploy.gates.judged import GateInput, Judged, unless

_ASSURANCE = ("process", "compatible", "official")
_CLOCK_SKEW = timedelta(minutes=5)


def evidence(gate_input: GateInput) -> Judged | None:
    return None if gate_input.evidence else Judged("failed", f"there is none: {MAKE_EVIDENCE}")


def bundle(gate_input: GateInput) -> Judged:
    wanted = gate_input.bundle.sha256
    complaints = [
        f"{each.path} is about bundle {each.report.bundle.sha256[:12]}, not {wanted[:12]}: {MAKE_EVIDENCE}"
        for each in gate_input.evidence
        if each.report.bundle.sha256 != wanted
    ]
    return unless(complaints, f"all evidence is about {wanted[:12]}")


def configuration(gate_input: GateInput) -> Judged:
    wanted = gate_input.project.digest()
    complaints = [
        f"{each.path} was made with other settings than {gate_input.project.path} has now "
        f"({each.report.configuration.sha256[:12]}, not {wanted[:12]}): {MAKE_EVIDENCE}"
        for each in gate_input.evidence
        if each.report.configuration.sha256 != wanted
    ]
    return unless(complaints, f"settings {wanted[:12]}")


def freshness(gate_input: GateInput) -> Judged:
    limit = gate_input.project.gates.max_age_hours
    ages = [gate_input.now - each.report.created for each in gate_input.evidence]
    complaints = [
        complaint
        for each, age in zip(gate_input.evidence, ages, strict=True)
        for complaint in _complaints_of_age(each, age, limit)
    ]
    oldest = max([timedelta(0), *ages])
    return unless(complaints, f"{wording.age(oldest)} old, allowed are {limit:g} h")


def _complaints_of_age(found: Evidence, age: timedelta, limit_hours: float) -> Iterator[str]:
    if age > timedelta(hours=limit_hours):
        yield f"{found.path} is {wording.age(age)} old, allowed are {limit_hours:g} h: {MAKE_EVIDENCE}"
    elif age < -_CLOCK_SKEW:
        yield f"{found.path} was made {wording.age(-age)} in the future: correct the clock of one machine"


def runtime(gate_input: GateInput) -> Judged:
    wanted = "process" if gate_input.target_is_local else gate_input.project.gates.runtime
    demanded = f"demanded is {wording.RUNTIMES[wanted]}"
    complaints = [
        f"{each.path} ran on the {each.report.runtime.assurance} runtime, {demanded}"
        for each in gate_input.evidence
        if _ASSURANCE.index(each.report.runtime.assurance) < _ASSURANCE.index(wanted)
    ]
    ran = ", ".join(dict.fromkeys(_ran_on(each) for each in gate_input.evidence))
    return unless(complaints, f"{ran}, {demanded}")


def _ran_on(found: Evidence) -> str:
    used = found.report.runtime
    return f"{used.assurance} ({used.stack})" if used.stack else used.assurance
