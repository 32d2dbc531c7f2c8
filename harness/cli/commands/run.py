"""Run a program with a local AWS in AWS's place.

The one that runs here is used; if none does, one is started for as long as the program runs. The program needs no
change: variables point its AWS clients at the local AWS and, in Python, a hook does so even where it names an address
of AWS itself, as SageMaker's SDK 2 does. The exit code is the program's.

  harness run -- python deploy_my_model.py --async
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import Annotated

import typer

from harness.cli.options import LocalRunOptions, QuietOption
from harness.core.progress import stderr_progress
from harness.core.state import users_environment
from harness.local_cloud.clients import DEFAULT_REGION
from harness.local_environment import program, record
from harness.local_environment.local_run import LocalRun


def run(
    command: Annotated[list[str], typer.Argument(help="The program and its arguments, after --.", metavar="COMMAND")],
    *,
    region: Annotated[
        str, typer.Option("--region", help="The region of a local AWS that is started.", metavar="REGION")
    ] = DEFAULT_REGION,
    local: LocalRunOptions,
    quiet: QuietOption = False,
) -> None:
    found = record.find(local.state_dir)
    with ExitStack() as stack:
        if found is None:
            own = LocalRun.started(local.asked(), region, stderr_progress(quiet=quiet))
            found = record.of(own.start(stack), local.runtime)
        record.require_whole(found)
        code = program.run(command, found, users_environment())
    raise typer.Exit(code)
