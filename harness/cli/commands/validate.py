"""Take the bundle through a real asynchronous endpoint here.

Its answers are judged, and the report is the evidence that `deploy` asks for.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from deploy.cli.options import Format, OutputOption, PackedProjectOptions
from deploy.cli.program.documents import print_document
from harness.cli.options import LocalRunOptions, QuietOption, of_project
from harness.cli.output.summary import show_in_ci
from harness.core.progress import stderr_progress
from harness.rehearsal import validate as validation
from harness.report import terminal


def validate(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Clips or other files to send as well, as with --video.", metavar="FILE")
    ] = None,
    *,
    video: Annotated[
        list[Path] | None,
        typer.Option("--video", "-v", help="A clip of yours to send as well; may be given again.", metavar="FILE"),
    ] = None,
    cases: Annotated[
        list[str] | None,
        typer.Option(
            "--case",
            help="A file to send as well, beside the project's [[case]]s, which must be answered; may be given again.",
            metavar="FILE[:CONTENT_TYPE]",
        ),
    ] = None,
    project: PackedProjectOptions,
    out: Annotated[Path, typer.Option("--out", help="Folder for the report.", metavar="DIR")] = Path(
        "rehearsal-report"
    ),
    local: LocalRunOptions,
    output_format: OutputOption = Format.TEXT,
    quiet: QuietOption = False,
) -> None:
    asked = validation.Options(
        videos=(*(files or ()), *(video or ())),
        cases=tuple(cases or ()),
        out_dir=out,
        **of_project(project, local),
    )
    rehearsed = validation.validate(asked, stderr_progress(quiet=quiet))
    show_in_ci(rehearsed.written.summary_md)
    if output_format is Format.JSON:
        print_document(rehearsed.written.report_json.read_text(encoding="utf-8").rstrip())
    else:
        terminal.show(rehearsed.report, out, Console(highlight=False))
    if rehearsed.error is not None:
        raise rehearsed.error
    if not rehearsed.report.verdict.passed:
        raise typer.Exit(1)
