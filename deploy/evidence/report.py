"""`report.json`, whole: the subject, the circumstances, what happened, and the verdict that follows from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from deploy.core.redaction import safe_arguments
from deploy.evidence.cases import Case, Check
from deploy.evidence.circumstances import Endpoint, LocalCloud, Machine, PeakMemory, RuntimeUsed, Stage
from deploy.evidence.findings import Finding
from deploy.evidence.record import Judgement, ReadableText, Record, Utc
from deploy.evidence.subject import Bundle, Configuration

SCHEMA_ID: Final = "rehearsal.report/1"


class Verdict(Record):
    """`findings` are those of the run as a whole; cases and checks carry their own."""

    outcome: Judgement
    summary: str
    findings: tuple[Finding, ...] = ()

    @property
    def passed(self) -> bool:
        return self.outcome == "passed"


class Report(Record):
    """Evidence about one bundle. A verdict of `passed` that its own cases or checks contradict is refused."""

    schema_id: Literal["rehearsal.report/1"] = Field(default=SCHEMA_ID, alias="schema")
    tool_version: str
    run_id: str = Field(min_length=1)
    created: Utc
    arguments: Annotated[tuple[ReadableText, ...], AfterValidator(safe_arguments)] = ()
    bundle: Bundle
    configuration: Configuration
    runtime: RuntimeUsed
    machine: Machine
    versions: Mapping[str, str] = {}
    local_cloud: LocalCloud | None = None
    endpoint: Endpoint | None = None
    stages: tuple[Stage, ...] = ()
    cases: tuple[Case, ...] = ()
    checks: tuple[Check, ...] = ()
    peak_memory: PeakMemory | None = None
    verdict: Verdict

    @model_validator(mode="after")
    def _passes_only_what_passed(self) -> Self:
        against = reasons_against(self.cases, self.checks, self.verdict.findings)
        if self.verdict.passed and against:
            raise ValueError(f"the verdict says passed, but {against[0]}")
        return self

    @property
    def total_seconds(self) -> float:
        """Wall time from the first stage's start to the last stage's end; 0 without stages."""
        if not self.stages:
            return 0.0
        started = min(stage.started for stage in self.stages)
        return (max(stage.ended for stage in self.stages) - started).total_seconds()

    def cases_of(self, kind: str) -> tuple[Case, ...]:
        return tuple(case for case in self.cases if case.kind == kind)

    def check(self, name: str) -> Check | None:
        """None: it did not run."""
        return next((check for check in self.checks if check.name == name), None)


def reasons_against(
    cases: Sequence[Case], checks: Sequence[Check], findings: Sequence[Finding] = ()
) -> tuple[str, ...]:
    """Why this may not be called passed; empty means nothing speaks against it. Skipped checks do not."""
    reasons = [f"{finding.check}: {finding.message}" for finding in findings if finding.severity == "error"]
    if not cases:
        reasons.append("no case was run")
    reasons += [_reason_against_case(case) for case in cases if case.judgement != "passed"]
    reasons += [
        f"check {check.name} is {check.judgement}" for check in checks if check.judgement not in ("passed", "skipped")
    ]
    return tuple(reasons)


def _reason_against_case(case: Case) -> str:
    if case.outcome != case.expected_outcome:
        return f"case {case.name}: {case.outcome}, expected {case.expected_outcome}"
    return f"case {case.name} is {case.judgement}"


def judge(cases: Sequence[Case], checks: Sequence[Check] = (), findings: Sequence[Finding] = ()) -> Verdict:
    """The verdict that follows: anything failed makes it failed, anything missing makes it inconclusive."""
    judgements = {case.judgement for case in cases} | {check.judgement for check in checks}
    failed = "failed" in judgements or any(finding.severity == "error" for finding in findings)
    passed = not reasons_against(cases, checks, findings)
    return Verdict(
        outcome="failed" if failed else "passed" if passed else "inconclusive",
        summary=_summary(cases, checks, findings),
        findings=tuple(findings),
    )


def _summary(cases: Sequence[Case], checks: Sequence[Check], findings: Sequence[Finding]) -> str:
    good_cases = sum(case.judgement == "passed" for case in cases)
    parts = [f"{good_cases} of {len(cases)} cases as expected" if cases else "no case was run"]
    ran = [check for check in checks if check.judgement != "skipped"]
    if ran:
        parts.append(f"{sum(check.judgement == 'passed' for check in ran)} of {len(ran)} checks passed")
    errors = sum(finding.severity == "error" for finding in findings)
    if errors:
        parts.append(f"{errors} {'error' if errors == 1 else 'errors'} of the run itself")
    return "; ".join(parts)


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of `report.json`."""
    schema = Report.model_json_schema(by_alias=True, mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA_ID, **schema}
