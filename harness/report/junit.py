"""Renders `junit.xml` for CI: a test case for every case and every check, and one for the run as a whole.

An inconclusive case is an `error`, because a CI that shows only failures must not show it green. The dialect is the
common one (testsuites/testsuite/properties/testcase) that GitHub, GitLab, Jenkins and pytest's own readers accept.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from xml.etree import ElementTree as ET

from deploy.evidence import Case, Check, Finding, Metric, Report
from harness.report import texts

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Line:
    """One test case of the file."""

    kind: str
    name: str
    judgement: str
    headline: str
    details: str
    seconds: float = 0.0


def render(report: Report) -> bytes:
    facts = {
        "bundle.sha256": report.bundle.sha256,
        "configuration.sha256": report.configuration.sha256,
        "runtime.assurance": report.runtime.assurance,
        "verdict": report.verdict.outcome,
        "tool.version": report.tool_version,
    }
    lines = [*map(_of_case, report.cases), *map(_of_check, report.checks), _of_run(report)]
    return Suite("harness validate", lines, report.total_seconds, report.created, facts).rendered()


@dataclass(frozen=True)
class Suite:
    """One file: its lines, and facts about all of them."""

    name: str
    lines: Sequence[Line]
    seconds: float
    created: datetime
    facts: Mapping[str, str]

    def rendered(self) -> bytes:
        attributes = {"name": self.name, **_counts(self.lines), "time": f"{self.seconds:.3f}"}
        root = ET.Element("testsuites", attributes)
        timestamp = self.created.isoformat(timespec="seconds")
        suite = ET.SubElement(root, "testsuite", {**attributes, "timestamp": timestamp})
        properties = ET.SubElement(suite, "properties")
        for name, value in self.facts.items():
            ET.SubElement(properties, "property", name=name, value=_clean(value))
        for line in self.lines:
            _add_line(suite, line)
        ET.indent(root)
        text = ET.tostring(root, encoding="unicode")
        return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'.encode()


def _of_case(case: Case) -> Line:
    reason = case.failure.reason if case.failure else ""
    details = [f"outcome: {texts.outcome(case)}", *_metric_lines(case.metrics), *_finding_lines(case.findings)]
    if reason:
        details.append(f"failure: {reason}")
    headline = _first_error(case.findings) or texts.reason(case)
    seconds = case.timings.total_seconds or 0.0
    return Line(case.kind, case.name, case.judgement, headline, _text(details), seconds)


def _of_check(check: Check) -> Line:
    details = [check.summary, *_metric_lines(check.metrics), *_finding_lines(check.findings)]
    headline = _first_error(check.findings) or check.summary or check.judgement
    return Line("check", check.name, check.judgement, headline, _text(details), check.seconds or 0.0)


def _of_run(report: Report) -> Line:
    """The test case of the run. It fails only for the run's own findings, or when there is no case."""
    own = report.verdict.findings
    failed = any(finding.severity == "error" for finding in own)
    judgement = "failed" if failed else "passed" if report.cases else "inconclusive"
    return Line("run", "the run itself", judgement, _first_error(own) or "no case was run", _text(_finding_lines(own)))


def _first_error(findings: Iterable[Finding]) -> str:
    return next((finding.message for finding in findings if finding.severity == "error"), "")


def _metric_lines(metrics: Iterable[Metric]) -> list[str]:
    return [f"{metric.name}: {texts.metric(metric)}" for metric in metrics]


def _finding_lines(findings: Iterable[Finding]) -> list[str]:
    return [
        " | ".join(part for part in (f"{found.severity}: {found.message}", found.where, found.advice) if part)
        for found in findings
    ]


def _text(lines: Iterable[str]) -> str:
    return "\n".join(line for line in lines if line)


def _counts(lines: Sequence[Line]) -> dict[str, str]:
    judgements = [line.judgement for line in lines]
    return {
        "tests": str(len(lines)),
        "failures": str(judgements.count("failed")),
        "errors": str(judgements.count("inconclusive")),
        "skipped": str(judgements.count("skipped")),
    }


def _add_line(suite: ET.Element, line: Line) -> None:
    tags = {"failed": "failure", "inconclusive": "error", "skipped": "skipped"}
    attributes = {"classname": f"rehearsal.{line.kind}", "name": _clean(line.name), "time": f"{line.seconds:.3f}"}
    element = ET.SubElement(suite, "testcase", attributes)
    if line.judgement in tags:
        answer = ET.SubElement(element, tags[line.judgement], message=_clean(line.headline))
        answer.text = _clean(line.details)
    elif line.details:
        ET.SubElement(element, "system-out").text = _clean(line.details)


def _clean(text: str) -> str:
    """The text without the characters that XML 1.0 cannot carry, not even escaped."""
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)
