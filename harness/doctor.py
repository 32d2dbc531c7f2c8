"""`harness doctor`: can this machine rehearse, and if not, what would help.

Owns the order of the checks, their printing, and `--fix`, which removes what earlier runs left behind and nothing else.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from harness.cloud.clients import DEFAULT_REGION
from harness.doctor_docker import docker_findings
from harness.doctor_finding import Finding
from harness.doctor_machine import (
    check_credentials,
    check_disk,
    check_environment,
    check_java,
    check_port,
    check_python,
    check_uv,
)
from harness.errors import MachineCannot
from harness.processes import sweep
from harness.serving.docker_engine import Engine
from harness.serving.docker_sweep import sweep_docker
from harness.serving.gpu import gpus

SCHEMA = "rehearsal.doctor/1"
_MARKS = {"ok": "[green]ok  [/green]", "warn": "[yellow]warn[/yellow]", "fail": "[red]fail[/red]"}


class AskedRuntime(StrEnum):
    AUTO = "auto"
    PROCESS = "process"
    DOCKER = "docker"


class OutputFormat(StrEnum):
    TEXT = "text"
    JSON = "json"


def doctor(
    fix: Annotated[bool, typer.Option("--fix", help="Remove what earlier runs left behind, then look again.")] = False,
    runtime: Annotated[
        AskedRuntime, typer.Option("--runtime", help="The runtime that must be able to run.")
    ] = AskedRuntime.AUTO,
    region: Annotated[
        str, typer.Option("--region", help="Whose official image is looked for.", metavar="REGION")
    ] = DEFAULT_REGION,
    state_dir: Annotated[
        Path, typer.Option("--state-dir", help="Where runs keep logs and state.", metavar="DIR")
    ] = Path(".rehearsal"),
    output: Annotated[OutputFormat, typer.Option("--output", help="How the findings are printed.")] = OutputFormat.TEXT,
) -> None:
    """Look at this machine: what a rehearsal needs, what is missing, and how to get it. Exit code 3: it cannot run."""
    fixed = clean(state_dir) if fix else []
    findings = diagnose(runtime.value, region=region, state_dir=state_dir)
    if output is OutputFormat.JSON:
        typer.echo(json.dumps(document(runtime.value, findings, fixed), indent=2))
    else:
        print_findings(runtime.value, findings, fixed)
    if not can_run(findings):
        raise typer.Exit(MachineCannot.exit_code)


def diagnose(runtime: str, *, region: str = DEFAULT_REGION, state_dir: Path = Path(".rehearsal")) -> list[Finding]:
    """Every check; `fail` only where the asked runtime cannot do without."""
    docker = docker_findings(fatal=runtime == "docker", region=region, gpus=gpus(), today=datetime.now(UTC).date())
    docker_runs = all(finding.level == "ok" for finding in docker if finding.check in {"docker engine", "image"})
    java_needed = runtime == "process" or (runtime == "auto" and not docker_runs)
    return [
        check_python(),
        check_uv(),
        check_java(fatal=java_needed),
        *docker,
        check_disk(state_dir),
        check_port(),
        check_credentials(),
        check_environment(os.environ),
    ]


def clean(state_dir: Path) -> list[str]:
    """Ends processes of runs that are gone and removes our containers, networks and folders; says what it did."""
    done = [f"ended {swept.what}" for swept in sweep(state_dir)]
    try:
        with Engine.connect() as engine:
            swept = sweep_docker(engine, state_dir)
    except MachineCannot:
        return done
    return [
        *done,
        *(f"removed {what}" for what in swept.removed),
        *(f"could not remove {what}" for what in swept.failed),
    ]


def can_run(findings: Sequence[Finding]) -> bool:
    return all(finding.level != "fail" for finding in findings)


def document(runtime: str, findings: Sequence[Finding], fixed: Sequence[str]) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "runtime": runtime,
        "can_run": can_run(findings),
        "fixed": list(fixed),
        "findings": [vars(finding) for finding in findings],
    }


def print_findings(runtime: str, findings: Sequence[Finding], fixed: Sequence[str]) -> None:
    """To stdout; the line that matters most comes last."""
    console = Console(highlight=False, soft_wrap=True)
    for line in fixed:
        console.print(f"     {escape(line)}")
    for finding in findings:
        console.print(f"{_MARKS[finding.level]} {finding.check:<15} {escape(finding.message)}")
        if finding.fix:
            console.print(f"     {'':<15} [dim]→ {escape(finding.fix)}[/dim]")
    if can_run(findings):
        console.print(f"This machine can rehearse (runtime {runtime}). Next: `harness validate --runtime {runtime}`")
    else:
        failed = ", ".join(finding.check for finding in findings if finding.level == "fail")
        console.print(f"[red]This machine cannot rehearse (runtime {runtime}):[/red] {failed}")
