"""The summary of a run where CI shows it: GitHub Actions names a file for it."""

from __future__ import annotations

from pathlib import Path

import typer

from harness.core.state import step_summary


def show_in_ci(summary_md: Path) -> None:
    """Append the Markdown to the step's summary. A file that cannot be written is said, and fails nothing."""
    target = step_summary()
    if target is None:
        return
    try:
        with target.open("a", encoding="utf-8") as file:
            file.write(summary_md.read_text(encoding="utf-8").rstrip() + "\n\n")
    except OSError as error:
        typer.echo(f"{target}, which GITHUB_STEP_SUMMARY names, cannot be written: {error.strerror}", err=True)
