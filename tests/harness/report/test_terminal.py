from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from deploy.evidence import Check, Report
from harness.report import terminal
from tests.harness.report.examples import error, good_case, refused_case, report


def shown(evidence: Report, width: int = 120) -> list[str]:
    console = Console(file=io.StringIO(), width=width, force_terminal=False)
    terminal.show(evidence, Path("out"), console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().rstrip("\n").split("\n")


@pytest.fixture(autouse=True)
def by_uv(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV", "/usr/bin/uv")


def test_who_did_not_come_by_uv_is_not_sent_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("UV")
    assert shown(report())[-1].startswith("Next: deploy ")


def test_frames_are_a_column_where_frames_were_counted() -> None:
    stranger = good_case().model_copy(update={"frames": None, "detection_count": None})
    assert "frames" in "\n".join(shown(report([good_case()])))
    assert "frames" not in "\n".join(shown(report([stranger])))


def test_the_verdict_and_the_next_command_come_last() -> None:
    lines = shown(report())
    assert lines[-2].startswith("✓ passed  2 of 2 cases as expected (bundle 3f3f3f3f3f3f, process runtime)")
    assert lines[-1].startswith("Next: uv run deploy")


def test_a_failed_run_leads_to_the_report() -> None:
    assert shown(report([good_case(map_50=0.1)]))[-1].startswith("Next: open out/report.html")


def test_an_inconclusive_run_leads_to_another_run() -> None:
    assert shown(report([]))[-1].startswith("Next: uv run harness validate")


def test_cases_checks_and_findings_are_shown() -> None:
    case = good_case().model_copy(update={"findings": (error("boxes are shifted", advice="check the pts"),)})
    text = "\n".join(shown(report([case, refused_case()], (Check(name="parity", outcome="skipped", summary="no"),))))
    for part in (
        "known answer",
        "failed, as expected",
        "parity",
        "boxes are shifted",
        "check the pts",
    ):
        assert part in text


def test_markup_in_names_is_text() -> None:
    assert any("[red]clip[/red].mp4" in line for line in shown(report([good_case("[red]clip[/red].mp4")])))


def test_a_narrow_terminal_keeps_the_last_lines_whole() -> None:
    lines = shown(report(), width=40)
    assert lines[-1] == "Next: uv run deploy   # shows the plan for this bundle; changes nothing"


def test_advice_of_several_findings_is_said_once_below_the_last() -> None:
    wrong = (error("a is lost", advice="look"), error("b is lost", advice="look"), error("c is slow", advice="wait"))
    lines = [line.strip() for line in shown(report([good_case().model_copy(update={"findings": wrong})]))]
    told = [line for line in lines if line.startswith(("error", "look", "wait"))]
    assert [line.rpartition(": ")[2] for line in told] == [
        "a is lost (frame 5)", "b is lost (frame 5)", "look", "c is slow (frame 5)", "wait"
    ]  # fmt: skip
