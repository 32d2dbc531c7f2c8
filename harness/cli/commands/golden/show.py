"""Show the golden of a case, and another answer beside it; starts nothing.

Without ANSWER it is the case's answer of the last report. A detector's frames are drawn side by side, the golden on the
left; every other answer is shown as text, or its difference.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deploy.cli.options import Format, OutputOption, ProjectOptions
from harness.cli.output import golden, print_result
from harness.rehearsal.golden import show as showing


def show(
    case: Annotated[str, typer.Argument(help="The name of a [[case]].", metavar="CASE")],
    answer: Annotated[
        Path | None, typer.Argument(help="An answer as it came, or a golden to compare with.", metavar="[ANSWER]")
    ] = None,
    *,
    report: Annotated[Path, typer.Option("--report", help="Folder of the last report.", metavar="DIR")] = Path(
        "rehearsal-report"
    ),
    out: Annotated[
        Path | None,
        typer.Option("--out", help="The picture to write; default: beside the report.", metavar="FILE"),
    ] = None,
    project: ProjectOptions,
    output_format: OutputOption = Format.TEXT,
) -> None:
    options = showing.Options(
        config_path=project.config, environment=project.env, case=case, answer=answer, report_dir=report, out=out
    )
    shown = showing.show(options)
    print_result(output_format, golden.of_shown(shown), golden.shown_in_words(shown))
