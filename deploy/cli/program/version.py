"""Defines the option `--version`, which prints the program, the version of its distribution, and the running Python."""

from __future__ import annotations

import platform
from typing import Annotated

import typer

_DISTRIBUTION = "sagemaker-rehearsal"


def _version_line(program: str) -> str:
    # It is imported here since it would be a tenth of the start-up time.
    from importlib.metadata import PackageNotFoundError, version

    try:
        number = version(_DISTRIBUTION)
    except PackageNotFoundError:
        number = "(not installed)"
    return f"{program} ({_DISTRIBUTION}) {number}, Python {platform.python_version()}"


def _print_version(context: typer.Context, asked: bool) -> None:
    if asked and not context.resilient_parsing:
        typer.echo(_version_line(context.info_name or _DISTRIBUTION))
        raise typer.Exit


VersionOption = Annotated[
    bool,
    typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and Python's, and exit."),
]
