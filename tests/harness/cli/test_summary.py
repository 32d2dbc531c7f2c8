"""The summary where GitHub Actions shows it."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cli.output.summary import show_in_ci


@pytest.fixture
def summary(tmp_path: Path) -> Path:
    path = tmp_path / "summary.md"
    path.write_text("## passed\n")
    return path


def test_it_is_appended_to_the_file_that_the_step_names(summary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = summary.with_name("step.md")
    target.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(target))
    show_in_ci(summary)
    assert target.read_text() == "before\n## passed\n\n"


def test_elsewhere_nothing_is_written(summary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    show_in_ci(summary)
    assert list(summary.parent.iterdir()) == [summary]


def test_a_file_that_cannot_be_written_fails_nothing(
    summary: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary / "below-a-file"))
    show_in_ci(summary)
    assert "GITHUB_STEP_SUMMARY names, cannot be written" in capsys.readouterr().err
