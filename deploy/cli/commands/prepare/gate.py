"""Show for every gate whether the evidence opens it, and why not."""

from __future__ import annotations

from dataclasses import asdict

import typer

from deploy.cli import output
from deploy.cli.options import Format, GateOptions, OutputOption, TargetOptions
from deploy.cli.output import rendering
from deploy.cli.session import open_session


def gate(target: TargetOptions, gates: GateOptions, output_format: OutputOption = Format.TEXT) -> None:
    verdicts = open_session(target, gates).verdicts
    document = {"schema": "rehearsal.gates/1", "gates": [asdict(each) for each in verdicts]}
    output.result(output_format, document, rendering.gates(verdicts))
    if not all(each.allows for each in verdicts):
        raise typer.Exit(1)
