"""The command line: `harness <word>`, where the word is a module and its function.

Results on stdout, progress on stderr. May not: do any work of its own; it reads arguments, calls, and prints.
"""

from __future__ import annotations

import sys

import typer
from rich.console import Console

from deploy.cli.help import grouped
from deploy.core.errors import RehearsalError
from harness.cli import bench, check, image
from harness.cli.doctor import doctor
from harness.cli.local_environment import down, logs, status, up
from harness.cli.replay import replay
from harness.cli.validate import validate

INTERRUPTED = 130
EXIT_CODES = (
    "Exit codes: 0 ok, 1 checks ran and failed, 2 usage or configuration, 3 this machine cannot, "
    "4 AWS refused, 124 timed out, 130 interrupted and cleaned up."
)

COMMANDS = {
    "Rehearse": ("validate", "bench", "check", "replay"),
    "A local AWS that stands": ("up", "status", "logs", "down"),
    "This machine": ("doctor", "image"),
}

app = typer.Typer(
    name="harness",
    cls=grouped(COMMANDS),
    help=f"Rehearse a SageMaker asynchronous endpoint on this machine. {EXIT_CODES}",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (validate, replay, up, down, status, logs, doctor):
    app.command()(command)
for group in (bench.app, check.app, image.app):
    app.add_typer(group)


def main(arguments: list[str] | None = None) -> None:
    """The console script; ends with the exit code of what happened."""
    try:
        app(args=arguments, prog_name="harness")
    except RehearsalError as error:
        _complain(error)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def _complain(error: RehearsalError) -> None:
    stderr = Console(stderr=True, soft_wrap=True, highlight=False)
    if error.log_tail:
        stderr.print(error.log_tail, style="dim", markup=False)
    stderr.print(f"error: {error}", style="red", markup=False)
