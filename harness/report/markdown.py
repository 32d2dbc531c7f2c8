"""Renders `summary.md`: the report in a screenful, for CI step summaries and pull-request comments."""

from __future__ import annotations

import re
from collections.abc import Iterable

from deploy.evidence import Case, Check, Report
from harness.report import texts

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|~$@&-])")
_FINDING_LIMIT = 30
_CASE_LIMIT = 100


def render(report: Report) -> str:
    parts = [_headline(report), _facts(report), _case_table(report.cases)]
    if report.checks:
        parts.append(_check_table(report.checks))
    parts.append(_findings(report))
    return "\n\n".join(part for part in parts if part) + "\n"


def escaped(text: str) -> str:
    """The text without any markup, mention, link or line break."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split())).replace("://", ":\u200b//")


def _headline(report: Report) -> str:
    verdict = report.verdict
    return f"## {texts.GLYPHS[verdict.outcome]} Rehearsal {verdict.outcome}: {escaped(verdict.summary)}"


def _facts(report: Report) -> str:
    digest = f"Bundle `{report.bundle.sha256}`"
    served = f"{report.runtime.assurance} runtime ({texts.served_by(report.runtime)})"
    return f"{digest}, {served}, {texts.seconds(report.total_seconds)}, {texts.timestamp(report.created)}."


def _case_table(cases: tuple[Case, ...]) -> str:
    if not cases:
        return ""
    worst_first = sorted(cases, key=lambda case: case.judgement == "passed")
    counts_frames = texts.counts_frames(cases)
    rows = [
        (
            texts.GLYPHS[case.judgement],
            escaped(case.name),
            texts.outcome(case),
            *((texts.frames(case), texts.detections(case)) if counts_frames else ()),
            "; ".join(f"{escaped(metric.name)} {texts.metric(metric)}" for metric in case.metrics) or texts.ABSENT,
            texts.seconds(case.timings.total_seconds),
        )
        for case in worst_first[:_CASE_LIMIT]
    ]
    counted = ("frames", "detections") if counts_frames else ()
    table = _table(("", "case", "outcome", *counted, "metrics", "time"), rows)
    left_out = len(cases) - len(rows)
    return f"{table}\n\n{left_out} more cases are in `report.html`." if left_out else table


def _check_table(checks: tuple[Check, ...]) -> str:
    rows = [
        (texts.GLYPHS[check.judgement], escaped(check.name), check.judgement, escaped(check.summary))
        for check in checks
    ]
    return _table(("", "check", "outcome", "summary"), rows)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _findings(report: Report) -> str:
    order = ("error", "warning")
    placed = sorted(
        (one for one in texts.findings_of(report) if one.finding.severity in order),
        key=lambda one: order.index(one.finding.severity),
    )
    lines = [
        f"- **{one.finding.severity}** {escaped(one.owner)}: {escaped(texts.said(one.finding))}"
        + (f" *{escaped(one.finding.advice)}*" if one.finding.advice else "")
        for one in placed[:_FINDING_LIMIT]
    ]
    if len(placed) > _FINDING_LIMIT:
        lines.append(f"- and {len(placed) - _FINDING_LIMIT} more in `report.html`")
    return "\n".join(["### Findings", "", *lines]) if lines else ""
