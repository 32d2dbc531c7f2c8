"""Runs a program of ours to its exit code: failures are said in words on stderr, and in JSON if that was asked for."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import typer
from typer.exceptions import TyperException

from deploy.cli.program import documents
from deploy.cli.program.stopping import INTERRUPTED, Stopping
from deploy.core.errors import RehearsalError

_ABORTED = 1


def run(
    app: typer.Typer, name: str, arguments: Sequence[str] | None, print_error: Callable[[RehearsalError], None]
) -> NoReturn:
    """End the process with the exit code of the command. SIGTERM and SIGHUP end it as Ctrl-C does."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    stopping = Stopping()
    stopping.obey()
    documents.begin()
    failed = documents.print_failure if documents.are_wanted(words) else _say_no_more
    try:
        code = app(args=words, prog_name=name, standalone_mode=False) or 0
    except RehearsalError as error:
        print_error(error)
        failed(documents.code_of(error), str(error))
        code = error.exit_code
    except TyperException as error:
        code = _usage(error, failed)
    except KeyboardInterrupt:
        code = INTERRUPTED
    if code == INTERRUPTED:
        failed("interrupted", "interrupted, and cleaned up")
    sys.exit(stopping.exit_code(code))


def _usage(error: Any, failed: Callable[[str, str], None]) -> int:
    """Typer's own errors: a wrong option, or the end of the input where something was asked."""
    if not hasattr(error, "show"):
        sys.stderr.write("Aborted.\n")
        failed("aborted", "there was no answer to a question")
        return _ABORTED
    error.show()
    failed("usage", error.format_message())
    return int(error.exit_code)


def _say_no_more(_: str, __: str) -> None:
    """On stderr it has been said."""
