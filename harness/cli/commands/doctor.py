"""Say what a rehearsal needs, what is missing here, and how to get it.

Exit code 3: this machine cannot run one.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from deploy.cli.options import Format, OutputOption, RuntimeName
from deploy.cli.program.documents import print_document
from deploy.core.state import STATE_DIR
from deploy.evidence import Finding
from harness.cli.options import StateOption
from harness.core.errors import MachineCannot
from harness.doctor.diagnosis import can_run, clean, diagnose, document
from harness.local_cloud.clients import DEFAULT_REGION

_MARKS = {"info": "[green]ok  [/green]", "warning": "[yellow]warn[/yellow]", "error": "[red]fail[/red]"}


def doctor(
    fix: Annotated[bool, typer.Option("--fix", help="Remove what earlier runs left behind, then look again.")] = False,
    runtime: Annotated[
        RuntimeName, typer.Option("--runtime", help="The runtime that must be able to run.")
    ] = RuntimeName.AUTO,
    region: Annotated[
        str, typer.Option("--region", help="Whose official image is looked for.", metavar="REGION")
    ] = DEFAULT_REGION,
    state_dir: StateOption = STATE_DIR,
    output_format: OutputOption = Format.TEXT,
) -> None:
    fixed = clean(state_dir) if fix else []
    findings = diagnose(runtime.value, region=region, state_dir=state_dir)
    if output_format is Format.JSON:
        print_document(json.dumps(document(runtime.value, findings, fixed), indent=2))
    else:
        print_findings(runtime.value, findings, fixed)
    if not can_run(findings):
        raise typer.Exit(MachineCannot.exit_code)


def print_findings(runtime: str, findings: Sequence[Finding], fixed: Sequence[str]) -> None:
    """Print the findings to stdout; the most important line comes last."""
    console = Console(highlight=False, soft_wrap=True)
    for line in fixed:
        console.print(f"     {escape(line)}")
    for finding in findings:
        console.print(f"{_MARKS[finding.severity]} {finding.check:<15} {escape(finding.message)}")
        if finding.advice:
            console.print(f"     {'':<15} [dim]→ {escape(finding.advice)}[/dim]")
    if can_run(findings):
        console.print(f"This machine can rehearse (runtime {runtime}). Next: `harness validate --runtime {runtime}`")
    else:
        failed = ", ".join(finding.check for finding in findings if finding.severity == "error")
        console.print(f"[red]This machine cannot rehearse (runtime {runtime}):[/red] {failed}")
