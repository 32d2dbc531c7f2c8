"""The command `harness validate`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from deploy.config import FILE_NAME
from harness.cli import options
from harness.cli.options import Format
from harness.core.progress import stderr_progress
from harness.local_environment.local_run import RunOptions
from harness.rehearsal import validate as validation
from harness.report import terminal


@options.on_local_run
def validate(
    run: RunOptions,
    video: Annotated[
        list[Path] | None,
        typer.Option("--video", "-v", help="A clip of yours to send as well; may be given again.", metavar="FILE"),
    ] = None,
    config_file: options.ConfigOption = Path(FILE_NAME),
    env: options.EnvOption = None,
    out: Annotated[Path, typer.Option("--out", help="Folder for the report.", metavar="DIR")] = Path(
        "rehearsal-report"
    ),
    output_format: options.OutputOption = Format.TEXT,
    quiet: options.QuietOption = False,
) -> None:
    """Take the bundle through a real asynchronous endpoint here.

    Its answers are judged, and the report is the evidence that `deploy` asks for.
    """
    asked = validation.Options(
        config_path=config_file,
        environment=env,
        videos=tuple(video or ()),
        out_dir=out,
        **vars(run),
        arguments=tuple(sys.argv[1:]),
    )
    rehearsed = validation.validate(asked, stderr_progress(quiet=quiet))
    if output_format is Format.JSON:
        typer.echo(rehearsed.written.report_json.read_text(encoding="utf-8"))
    else:
        terminal.show(rehearsed.report, out, Console(highlight=False))
    if not rehearsed.report.verdict.passed:
        raise typer.Exit(1)
