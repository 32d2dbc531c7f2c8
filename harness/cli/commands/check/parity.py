"""Hold the bundle's handler against plain torchvision in float32: lost and new objects, labels, drift."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deploy.cli.options import Format, OutputOption, ProjectOptions
from deploy.cli.program.documents import print_document
from harness.cli.options import QuietOption
from harness.core.progress import stderr_progress
from harness.rehearsal import parity as parity_check


def parity(
    *,
    video: Annotated[
        Path | None,
        typer.Option("--video", "-v", help="The clip to compare on; default: the known answer's.", metavar="FILE"),
    ] = None,
    bundle: Annotated[
        Path | None, typer.Option("--bundle", help="A model.tar.gz; default: built from the project.", metavar="FILE")
    ] = None,
    frames: Annotated[
        int, typer.Option("--frames", help="At most so many frames, evenly spread.", metavar="N", min=1)
    ] = 8,
    project: ProjectOptions,
    output_format: OutputOption = Format.TEXT,
    quiet: QuietOption = False,
) -> None:
    options = parity_check.Options(project.config, project.env, bundle, video, frames)
    with stderr_progress(quiet=quiet).stage("parity with torchvision") as stage:
        found = parity_check.check(options)
        stage.ok, stage.result = found.judgement == "passed", found.summary
    if output_format is Format.JSON:
        print_document(found.model_dump_json(indent=2))
    else:
        for finding in found.findings:
            typer.echo(f"{finding.severity}: {finding.message}" + (f" ({finding.where})" if finding.where else ""))
        typer.echo(f"parity {found.judgement}: {found.summary}")
    if found.judgement != "passed":
        raise typer.Exit(1)
