"""Renders the report on a terminal: cases, checks, findings; the verdict and the next command come last.

The stages are not repeated, because progress showed them as they ended.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from deploy.evidence import Report
from harness.report import texts

_STYLES = {"passed": "green", "failed": "red", "inconclusive": "yellow", "skipped": "dim"}
_SEVERITY_STYLES = {"error": "red", "warning": "yellow", "info": "dim"}
_FINDING_LIMIT = 20


def show(report: Report, folder: Path, console: Console) -> None:
    """Print the report, whose files were written to `folder`."""
    if report.cases:
        console.print(_case_table(report))
    if report.checks:
        console.print(_check_table(report))
    _show_findings(report, console)
    _show_verdict(report, folder, console)


def _case_table(report: Report) -> Table:
    table, counts_frames = _table("Cases"), texts.counts_frames(report.cases)
    table.add_column("")
    table.add_column("case", overflow="fold")
    table.add_column("outcome")
    if counts_frames:
        table.add_column("frames", justify="right")
        table.add_column("detections", justify="right")
    table.add_column("metrics")
    table.add_column("time", justify="right")
    for case in report.cases:
        table.add_row(
            _glyph(case.judgement),
            Text(case.name),
            texts.outcome(case),
            *((texts.frames(case), texts.detections(case)) if counts_frames else ()),
            Text("\n".join(f"{metric.name} {texts.metric(metric)}" for metric in case.metrics)),
            texts.seconds(case.timings.total_seconds),
        )
    return table


def _check_table(report: Report) -> Table:
    table = _table("Checks")
    table.add_column("")
    table.add_column("check")
    table.add_column("outcome")
    table.add_column("summary", overflow="fold")
    for check in report.checks:
        table.add_row(_glyph(check.judgement), check.name, check.judgement, Text(check.summary))
    return table


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0))


def _glyph(judgement: str) -> Text:
    return Text(texts.GLYPHS[judgement], style=_STYLES[judgement])


def _show_findings(report: Report, console: Console) -> None:
    placed = [one for one in texts.findings_of(report) if one.finding.severity != "info"]
    shown = placed[:_FINDING_LIMIT]
    for place, one in enumerate(shown):
        found = one.finding
        line = Text(f"{found.severity} ", style=_SEVERITY_STYLES[found.severity])
        line.append(f"{one.owner}: {texts.said(found)}", style="default")
        if found.advice and not _is_said_next(shown[place + 1 :], one):
            line.append(f"\n  {found.advice}", style="dim")
        console.print(line)
    if len(placed) > _FINDING_LIMIT:
        console.print(Text(f"and {len(placed) - _FINDING_LIMIT} more findings in report.html", style="dim"))


def _is_said_next(others: Sequence[texts.PlacedFinding], one: texts.PlacedFinding) -> bool:
    """Advice that the next finding of the same owner gives too is said once, below the last of them."""
    return bool(others) and (others[0].owner, others[0].finding.advice) == (one.owner, one.finding.advice)


def _show_verdict(report: Report, folder: Path, console: Console) -> None:
    verdict = report.verdict
    console.print(Text(f"Report: {folder / 'report.html'}", style="dim"), soft_wrap=True)
    line = Text(f"{texts.GLYPHS[verdict.outcome]} {verdict.outcome}", style=f"bold {_STYLES[verdict.outcome]}")
    line.append(f"  {verdict.summary} ({texts.subject(report)})", style="default")
    console.print(line, soft_wrap=True)
    console.print(Text(f"Next: {texts.next_step(report, folder)}"), soft_wrap=True)
