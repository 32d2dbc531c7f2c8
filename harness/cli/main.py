"""The program `harness`: its commands by name, and its exit codes.

Results go to stdout, progress to stderr. May not do any work of its own, or import a command that was not asked for.
"""

from __future__ import annotations

from typing import NoReturn

from deploy.cli.program import Section, VersionOption, group, run
from deploy.core.errors import RehearsalError

HELP = """Rehearse a SageMaker asynchronous endpoint on this machine. Exit codes: 0 ok, 1 checks ran and failed, \
2 usage or configuration, 3 this machine cannot, 4 AWS refused, 124 timed out, \
130 interrupted and cleaned up (143 by SIGTERM, 129 by SIGHUP)."""

_COMMANDS = "harness.cli.commands"
SECTIONS = (
    Section("Rehearse", _COMMANDS, ("init", "validate", "golden", "bench", "check", "replay")),
    Section("A running local AWS", _COMMANDS, ("up", "run", "status", "logs", "down")),
    Section("This machine", _COMMANDS, ("doctor", "image")),
)


def harness(version: VersionOption = False) -> None:
    """The options of the program itself; each command does its own work."""


app = group("harness", HELP, SECTIONS, harness, is_program=True)


def main(arguments: list[str] | None = None) -> NoReturn:
    """The console script. It ends the process with the exit code of the command."""
    run(app, "harness", arguments, _print_error)


def _print_error(error: RehearsalError) -> None:
    from harness.cli.output import print_error

    print_error(error)
