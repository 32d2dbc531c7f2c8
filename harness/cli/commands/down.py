"""End the running local AWS.

What its endpoints and buckets held is gone.
"""

from __future__ import annotations

from typing import Annotated

import typer

from deploy.cli.options import Format, OutputOption
from deploy.core.state import STATE_DIR
from harness.cli.options import StateOption
from harness.cli.output import print_result
from harness.local_environment.down import down as take_down


def down(
    everything: Annotated[
        bool, typer.Option("--all", help="Also whatever earlier runs left: processes, containers, networks, folders.")
    ] = False,
    state_dir: StateOption = STATE_DIR,
    output_format: OutputOption = Format.TEXT,
) -> None:
    ended = take_down(state_dir, everything=everything)
    lines = [*(f"ended {thing}" for thing in ended.things), *(f"could not remove {thing}" for thing in ended.failed)]
    document = {"schema": "rehearsal.down/1", "ended": list(ended.things), "failed": list(ended.failed)}
    print_result(output_format, document, "\n".join(lines) or "nothing was running")
    if ended.failed:
        raise typer.Exit(1)
