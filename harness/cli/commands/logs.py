"""Print what the containers and the platform wrote.

The lines have the form of AWS's log streams.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from deploy.core.state import STATE_DIR
from harness.cli.options import StateOption
from harness.local_environment import logs as reading
from harness.local_environment import record
from harness.local_environment.local_aws import logs_dir


def logs(
    endpoint: Annotated[str | None, typer.Argument(help="Of this endpoint only.", metavar="ENDPOINT")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as lines come; Ctrl-C ends it.")] = False,
    lines: Annotated[
        int, typer.Option("--lines", "-n", help="How many of the last lines of each stream.", metavar="N", min=0)
    ] = 50,
    run: Annotated[
        Path | None,
        typer.Option(
            "--run", help="Of a past run (a folder below .rehearsal/runs) instead of the running one.", metavar="DIR"
        ),
    ] = None,
    state_dir: StateOption = STATE_DIR,
) -> None:
    folder = logs_dir(run.absolute() if run else record.up_dir(state_dir))
    reader, last = reading.last_lines(folder, endpoint, lines)
    console = Console(soft_wrap=True, highlight=False)
    for line in last:
        console.print(_text(line), markup=False)
    if follow:
        for line in reading.follow(reader):
            console.print(_text(line), markup=False)


def _text(line: reading.LogLine) -> str:
    return f"{line.group} {line.stream} {line.text}"
