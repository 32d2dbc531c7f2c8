"""`deploy gate`: does the evidence allow this bundle, with this configuration, to be promoted?

Each gate is judged on its own and says why; missing and inconclusive evidence blocks like a failure. What no gate looks
at is nothing that was proven. May not: make evidence, or change it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from deploy import evidence
from deploy.bundle import Bundle
from deploy.config import Project
from deploy.core.errors import ConfigurationError, GateRefused
from deploy.evidence import Metric, Report

_SHOWN = {
    "frames_per_second": "{:.3g} frames a second",
    "request_p95_seconds": "{:.3g} s",
    "host_bytes": "{:,.0f} bytes",
    "gpu_bytes": "{:,.0f} bytes",
}
"""Measurements as people read them."""
_CALLED = {"map_50": "mAP50 "}
_RUNTIMES = {
    "official": "the official container",
    "compatible": "the official container or a compatible one",
    "process": "any",
}

Outcome = Literal["passed", "failed", "inconclusive", "overridden"]

KNOWN_ANSWER = "known_answer"
THROUGHPUT = "throughput"
"""The check whose metrics a benchmark writes: frames_per_second, jobs_per_second, request_p95_seconds."""
_ASSURANCE = ("process", "compatible", "official")
_CLOCK_SKEW = timedelta(minutes=5)
_MAKE_EVIDENCE = "run `harness validate` for this bundle"


@dataclass(frozen=True)
class Evidence:
    path: Path
    sha256: str
    report: Report


@dataclass(frozen=True)
class GateVerdict:
    gate: str
    outcome: Outcome
    reason: str
    """What was seen, against what was demanded; for an override also because of what."""

    @property
    def allows(self) -> bool:
        return self.outcome in ("passed", "overridden")


@dataclass(frozen=True)
class GateInput:
    """Everything the gates are asked about."""

    project: Project
    bundle: Bundle
    evidence: Sequence[Evidence]
    now: datetime
    target_is_local: bool


def read_evidence(paths: Sequence[Path]) -> tuple[Evidence, ...]:
    """Each a `report.json`, or a `bench.json`. Raises ConfigurationError when a file is missing or no evidence."""
    found = []
    for path in paths:
        try:
            data = path.read_bytes()
        except OSError as error:
            raise ConfigurationError(f"{path}: no evidence there ({error.strerror}): {_MAKE_EVIDENCE}") from error
        report = evidence.read_any(data, where=str(path))
        found.append(Evidence(path, hashlib.sha256(data).hexdigest(), report))
    return tuple(found)


def gate(gate_input: GateInput, overrides: Mapping[str, str] | None = None) -> tuple[GateVerdict, ...]:
    """Every gate's verdict, in a fixed order; `overrides` maps gates to the reason for letting them pass anyway.

    Raises ConfigurationError for an override of a gate that there is not.
    """
    verdicts = tuple(_verdicts(gate_input))
    overrides = overrides or {}
    unknown = sorted(set(overrides) - {verdict.gate for verdict in verdicts})
    if unknown:
        known = ", ".join(verdict.gate for verdict in verdicts)
        raise ConfigurationError(f"there is no gate {', '.join(unknown)} to override (gates here: {known})")
    return tuple(_overridden(verdict, overrides.get(verdict.gate)) for verdict in verdicts)


def require_open(verdicts: Sequence[GateVerdict]) -> None:
    """Raises GateRefused naming every gate that is shut."""
    shut = [verdict for verdict in verdicts if not verdict.allows]
    if shut:
        reasons = "\n".join(f"  {verdict.gate}: {verdict.reason}" for verdict in shut)
        raise GateRefused(
            f"the evidence does not allow this promotion:\n{reasons}\n"
            "Correct the cause and make new evidence, or take the responsibility: --override GATE --because TEXT"
        )


def _overridden(verdict: GateVerdict, because: str | None) -> GateVerdict:
    if because is None or verdict.allows:
        return verdict
    return replace(verdict, outcome="overridden", reason=f"{verdict.reason}; overridden because: {because}")


def _verdicts(gate_input: GateInput) -> Iterator[GateVerdict]:
    if not gate_input.evidence:
        yield GateVerdict("evidence", "failed", f"there is none: {_MAKE_EVIDENCE}")
        return
    yield _bundle(gate_input)
    yield _configuration(gate_input)
    yield _freshness(gate_input)
    yield _runtime(gate_input)
    yield _verdict(gate_input)
    yield _known_answer(gate_input)
    yield from _checks(gate_input)
    yield from _limits(gate_input)


def _every(name: str, complaints: Sequence[str], fine: str) -> GateVerdict:
    return GateVerdict(name, "failed", "; ".join(complaints)) if complaints else GateVerdict(name, "passed", fine)


def _bundle(gate_input: GateInput) -> GateVerdict:
    wanted = gate_input.bundle.sha256
    complaints = [
        f"{each.path} is about bundle {each.report.bundle.sha256[:12]}, not {wanted[:12]}: {_MAKE_EVIDENCE}"
        for each in gate_input.evidence
        if each.report.bundle.sha256 != wanted
    ]
    return _every("bundle", complaints, f"all evidence is about {wanted[:12]}")


def _configuration(gate_input: GateInput) -> GateVerdict:
    wanted = gate_input.project.digest()
    complaints = [
        f"{each.path} was made with other settings than {gate_input.project.path} has now "
        f"({each.report.configuration.sha256[:12]}, not {wanted[:12]}): {_MAKE_EVIDENCE}"
        for each in gate_input.evidence
        if each.report.configuration.sha256 != wanted
    ]
    return _every("configuration", complaints, f"settings {wanted[:12]}")


def _freshness(gate_input: GateInput) -> GateVerdict:
    limit = gate_input.project.gates.max_age_hours
    complaints, oldest = [], timedelta(0)
    for each in gate_input.evidence:
        age = gate_input.now - each.report.created
        oldest = max(oldest, age)
        if age > timedelta(hours=limit):
            complaints.append(f"{each.path} is {_said(age)} old, allowed are {limit:g} h: {_MAKE_EVIDENCE}")
        elif age < -_CLOCK_SKEW:
            complaints.append(f"{each.path} was made {_said(-age)} in the future: correct the clock of one machine")
    return _every("freshness", complaints, f"{_said(oldest)} old, allowed are {limit:g} h")


def _said(age: timedelta) -> str:
    minutes = age.total_seconds() / 60
    return f"{minutes:.0f} min" if minutes < 60 else f"{minutes / 60:.1f} h"


def _runtime(gate_input: GateInput) -> GateVerdict:
    wanted = "process" if gate_input.target_is_local else gate_input.project.gates.runtime
    complaints = [
        f"{each.path} ran on the {each.report.runtime.assurance} runtime, demanded is {_RUNTIMES[wanted]}"
        for each in gate_input.evidence
        if _ASSURANCE.index(each.report.runtime.assurance) < _ASSURANCE.index(wanted)
    ]
    ran = ", ".join(dict.fromkeys(each.report.runtime.assurance for each in gate_input.evidence))
    return _every("runtime", complaints, f"{ran}, demanded is {_RUNTIMES[wanted]}")


def _verdict(gate_input: GateInput) -> GateVerdict:
    for each in gate_input.evidence:
        verdict = each.report.verdict
        if not verdict.passed:
            return GateVerdict("verdict", verdict.outcome, f"{each.path}: {verdict.outcome}, {verdict.summary}")
    return GateVerdict("verdict", "passed", gate_input.evidence[0].report.verdict.summary)


def _known_answer(gate_input: GateInput) -> GateVerdict:
    cases = [case for each in gate_input.evidence for case in each.report.cases_of(KNOWN_ANSWER)]
    if not cases:
        return GateVerdict(KNOWN_ANSWER, "failed", f"no case of it in the evidence: {_MAKE_EVIDENCE}")
    metrics = [metric for case in cases for metric in case.metrics if metric.name == "map_50"]
    return _held(KNOWN_ANSWER, metrics, at_least=gate_input.project.gates.min_map50)


def _checks(gate_input: GateInput) -> Iterator[GateVerdict]:
    checks = {check.name: check for each in gate_input.evidence for check in each.report.checks}
    for name in _demanded(gate_input):
        check = checks.get(name)
        if check is None:
            yield GateVerdict(name, "failed", f"check {name} is demanded and did not run: {_MAKE_EVIDENCE}")
        elif check.judgement == "passed":
            yield GateVerdict(name, "passed", check.summary or "passed")
        else:
            outcome: Outcome = "failed" if check.judgement == "failed" else "inconclusive"
            said = f"check {name} is {check.judgement}: {check.summary or 'no reason given'}"
            yield GateVerdict(name, outcome, f"{said}. [gates] required_checks says which checks are demanded")


def _demanded(gate_input: GateInput) -> Sequence[str]:
    """What the project names; when it names nothing, the default, which the local target does not ask for."""
    gates = gate_input.project.gates
    is_named = "required_checks" in gates.model_fields_set
    return gates.required_checks if is_named or not gate_input.target_is_local else ()


def _limits(gate_input: GateInput) -> Iterator[GateVerdict]:
    limits = gate_input.project.gates
    if limits.min_frames_per_second is not None:
        yield _held(
            "throughput", measured(gate_input.evidence, "frames_per_second"), at_least=limits.min_frames_per_second
        )
    if limits.max_p95_seconds is not None:
        yield _held("p95", measured(gate_input.evidence, "request_p95_seconds"), at_most=limits.max_p95_seconds)
    for name, limit, kind in (
        ("memory", limits.max_memory_bytes, "host_bytes"),
        ("gpu_memory", limits.max_gpu_memory_bytes, "gpu_bytes"),
    ):
        if limit is not None:
            yield _held(name, _peaks(gate_input.evidence, kind), at_most=float(limit))


def measured(found: Sequence[Evidence], name: str) -> list[Metric]:
    """Metrics of the benchmark's check; none when no benchmark is among the evidence."""
    checks = [check for each in found for check in each.report.checks if check.name == THROUGHPUT]
    return [metric for check in checks for metric in check.metrics if metric.name == name]


def _peaks(found: Sequence[Evidence], kind: str) -> list[Metric]:
    peaks = [getattr(each.report.peak_memory, kind) for each in found if each.report.peak_memory is not None]
    return [Metric(name=kind, value=float(peak)) for peak in peaks if peak is not None]


def _held(
    gate_name: str, metrics: Sequence[Metric], *, at_least: float | None = None, at_most: float | None = None
) -> GateVerdict:
    """The worst of the measurements decides; one that could not be made leaves the question open."""
    values = [metric.value for metric in metrics if metric.value is not None]
    if not values or len(values) < len(metrics):
        return GateVerdict(gate_name, "inconclusive", "was not measured: a benchmark or a newer evidence is needed")
    worst = min(values) if at_least is not None else max(values)
    good = (at_least is None or worst >= at_least) and (at_most is None or worst <= at_most)
    shown = _SHOWN.get(metrics[0].name, "{:g}").format
    demanded = f"at least {shown(at_least)}" if at_least is not None else f"at most {shown(at_most)}"
    what = _CALLED.get(metrics[0].name, "")
    return GateVerdict(gate_name, "passed" if good else "failed", f"{what}{shown(worst)}, demanded is {demanded}")
