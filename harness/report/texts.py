"""The texts of numbers, digests, outcomes and verdicts: the same words on the terminal, in Markdown, HTML and JUnit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

from deploy.evidence import Case, Finding, Metric, Report, RuntimeUsed
from harness.core.state import uv_hint

GLYPHS: Mapping[str, str] = MappingProxyType({"passed": "✓", "failed": "✗", "inconclusive": "?", "skipped": "–"})
ABSENT = "–"


@dataclass(frozen=True)
class PlacedFinding:
    """A finding with its owner: `run`, `check NAME` or the name of a case."""

    owner: str
    finding: Finding


def findings_of(report: Report) -> Iterator[PlacedFinding]:
    """The findings of the run, the checks and the cases; a check or case that did not pass has an error among them."""
    for finding in report.verdict.findings:
        yield PlacedFinding("run", finding)
    for check in report.checks:
        findings = _with_reason(check.findings, check.judgement, check.name, check.summary or check.judgement)
        yield from (PlacedFinding(f"check {check.name}", finding) for finding in findings)
    for case in report.cases:
        findings = _with_reason(case.findings, case.judgement, case.kind, reason(case))
        yield from (PlacedFinding(case.name, finding) for finding in findings)


def _with_reason(findings: tuple[Finding, ...], judgement: str, check: str, reason: str) -> tuple[Finding, ...]:
    silent = not any(finding.severity == "error" for finding in findings)
    if judgement in ("passed", "skipped") or not silent:
        return findings
    return Finding(check=check, severity="error", message=reason), *findings


def said(finding: Finding) -> str:
    """The message, with the place where it does not say that itself."""
    where = finding.where
    return finding.message if where is None or where in finding.message else f"{finding.message} ({where})"


def seconds(value: float | None) -> str:
    if value is None:
        return ABSENT
    if value < 0.9995:
        return f"{value * 1000:.0f} ms"
    if value < 99.95:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"


def size(value_bytes: int | None) -> str:
    if value_bytes is None:
        return ABSENT
    amount, unit = float(value_bytes), "B"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if amount < 1024:
            break
        amount, unit = amount / 1024, larger
    return f"{amount:.0f} {unit}" if unit == "B" or amount >= 99.95 else f"{amount:.1f} {unit}"


def number(value: float | None) -> str:
    return ABSENT if value is None else f"{value:.4g}"


def timestamp(value: datetime) -> str:
    return value.strftime("%Y-%m-%d %H:%M:%S UTC")


def short(digest: str) -> str:
    return digest[:12]


def metric(found: Metric) -> str:
    limits = [f"at least {number(found.at_least)}"] if found.at_least is not None else []
    limits += [f"at most {number(found.at_most)}"] if found.at_most is not None else []
    value = "not measured" if found.value is None else number(found.value)
    return f"{value} ({', '.join(limits)})" if limits else value


def outcome(case: Case) -> str:
    """`completed`; `failed, as expected`; `completed, expected failed`; `completed, with errors`."""
    words = case.outcome.replace("_", " ")
    if case.outcome != case.expected_outcome:
        return f"{words}, expected {case.expected_outcome.replace('_', ' ')}"
    words = words if case.outcome == "completed" else f"{words}, as expected"
    endings = {"passed": "", "failed": ", with errors", "inconclusive": ", not all measured"}
    return words + endings[case.judgement]


def reason(case: Case) -> str:
    """Why a case without a finding did not pass."""
    off_limits = [f"{one.name} {metric(one)}" for one in case.metrics if one.judgement != "passed"]
    return ", ".join(off_limits) if off_limits and case.outcome == case.expected_outcome else outcome(case)


def assurance(runtime: RuntimeUsed) -> str:
    """The assurance of the runtime, in words."""
    words = {
        "official": "the container that AWS runs",
        "compatible": "a container with the same versions",
        "process": "the same serving stack, without a container",
    }
    return words[runtime.assurance]


def served_by(runtime: RuntimeUsed) -> str:
    """How the bundle was served: its runtime and its stack."""
    return f"{runtime.kind}, {runtime.stack}" if runtime.stack else runtime.kind


def frames(case: Case) -> str:
    if case.frames is None:
        return ABSENT
    sampled, expected = case.frames.sampled, case.frames.expected
    return str(sampled) if expected in (None, sampled) else f"{sampled} of {expected}"


def subject(report: Report) -> str:
    return f"bundle {short(report.bundle.sha256)}, {report.runtime.assurance} runtime"


def counts_frames(cases: Sequence[Case]) -> bool:
    """Whether frames or detections were counted in any of them, as they are for a detector's answers alone."""
    return any(case.frames is not None or case.detection_count is not None for case in cases)


def detections(case: Case) -> str:
    return ABSENT if case.detection_count is None else str(case.detection_count)


def _run() -> str:
    """How the programs are called here: who came by `uv run` may have them by it alone."""
    return "uv run " if uv_hint() else ""


def next_step(report: Report, folder: Path) -> str:
    """The command to run after this report."""
    if report.verdict.passed:
        return f"{_run()}deploy   # shows the plan for this bundle; changes nothing"
    if report.verdict.outcome == "inconclusive":
        return f"{_run()}harness validate   # something was not measured; a gate will not accept this report"
    return f"open {folder / 'report.html'}   # every finding with its advice, then run `{_run()}harness validate` again"
