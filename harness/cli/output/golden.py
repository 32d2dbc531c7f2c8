"""Goldens as text and as documents: what was recorded, what was checked, and what one holds."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from deploy.evidence import Finding
from harness.rehearsal.golden.check import Checked
from harness.rehearsal.golden.record import Recording
from harness.rehearsal.golden.show import Shown
from harness.report import texts

_WIDTH = 80
_SAID = {
    "recorded": "recorded in",
    "updated": "written anew:",
    "same": "as recorded in",
    "differs": "differs, and was not overwritten:",
    "refused": "not recorded in",
}


def of_recordings(recorded: Sequence[Recording]) -> Mapping[str, Any]:
    cases = [
        {
            "case": each.case,
            "golden": str(each.path),
            "outcome": each.outcome,
            "files": [str(path) for path in each.files],
            "findings": _as_documents(each.findings),
        }
        for each in recorded
    ]
    return {"schema": "rehearsal.golden-recorded/1", "cases": cases}


def recordings_in_words(recorded: Sequence[Recording], config: Path) -> str:
    return "\n".join((*_recorded_lines(recorded, config), f"Next: {_next(recorded)}"))


def of_checks(checked: Sequence[Checked]) -> Mapping[str, Any]:
    cases = [
        {
            "case": each.case,
            "golden": str(each.path),
            "outcome": each.record.outcome,
            "judgement": each.record.judgement,
            "metrics": {metric.name: metric.value for metric in each.record.metrics},
            "findings": _as_documents(each.record.findings),
        }
        for each in checked
    ]
    return {"schema": "rehearsal.golden-checked/1", "cases": cases}


def checks_in_words(checked: Sequence[Checked]) -> str:
    good = sum(each.passed for each in checked)
    return "\n".join((*_checked_lines(checked), f"{good} of {len(checked)} answers as recorded"))


def of_shown(shown: Shown) -> Mapping[str, Any]:
    golden = shown.golden
    return {
        "schema": "rehearsal.golden-shown/1",
        "case": golden.case,
        "golden": str(shown.path),
        "kind": golden.kind,
        "content_type": golden.content_type,
        "recorded": golden.recorded.at.isoformat(timespec="seconds"),
        "beside": shown.other,
        "findings": _as_documents(shown.findings),
        "picture": None if shown.picture is None else str(shown.picture),
    }


def shown_in_words(shown: Shown) -> str:
    return "\n".join(_shown_lines(shown))


def _recorded_lines(recorded: Sequence[Recording], config: Path) -> Iterator[str]:
    for each in recorded:
        yield f"{texts.GLYPHS['passed' if each.is_well else 'failed']} {each.case}: {_SAID[each.outcome]} {each.path}"
        yield from _finding_lines(each.findings)
        if each.is_well and not each.is_named:
            yield f"  to have it compared, add below [[case]] {each.case!r} of {config}:"
            yield f'    expect.golden = "{Path(os.path.relpath(each.path, config.parent)).as_posix()}"'


def _next(recorded: Sequence[Recording]) -> str:
    if any(each.outcome == "refused" for each in recorded):
        return "correct what is refused, then record it again"
    if any(each.outcome == "differs" for each in recorded):
        return "correct the handler; or where the change is meant, the same command with --update, then `git diff`"
    if any(each.files for each in recorded):
        return "commit the files of the goldens; `harness validate` compares them from now on"
    return "nothing; the goldens are as they were"


def _checked_lines(checked: Sequence[Checked]) -> Iterator[str]:
    for each in checked:
        metrics = ", ".join(f"{metric.name} {texts.metric(metric)}" for metric in each.record.metrics)
        yield f"{texts.GLYPHS[each.record.judgement]} {each.case}: {metrics or texts.outcome(each.record)}"
        yield from _finding_lines(each.record.findings)


def _shown_lines(shown: Shown) -> Iterator[str]:
    golden = shown.golden
    yield f"{golden.case}: {golden.kind}, {golden.content_type}, {shown.path}"
    yield f"recorded {golden.recorded.at:%Y-%m-%d %H:%M} UTC by {golden.recorded.by}, {golden.recorded.runtime} runtime"
    yield f"of {golden.sent.file} ({golden.sent.sha256[:12]}), weights {golden.model.weights_sha256[:12]}"
    if shown.other is not None:
        yield f"beside {shown.other}:"
    yield from _finding_lines(shown.findings)
    yield from shown.lines
    if shown.picture is not None:
        yield f"Picture: {shown.picture}"


def _finding_lines(findings: Iterable[Finding]) -> Iterator[str]:
    advice: str | None = None
    for finding in findings:
        yield from _wrapped(f"{finding.severity} {texts.said(finding)}", "  ")
        advice = finding.advice or advice
    if advice:
        yield from _wrapped(advice, "    ")


def _wrapped(text: str, margin: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent=margin, subsequent_indent="    ", break_on_hyphens=False)


def _as_documents(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    return [finding.model_dump(mode="json") for finding in findings]
