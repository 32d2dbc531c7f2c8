"""The question before something is changed or deleted."""

from __future__ import annotations

import sys

import typer

from deploy.core.errors import ConfigurationError


def require_yes(question: str, *, yes: bool, otherwise: str) -> None:
    """Asks on a terminal; where nobody can answer, only --yes is a yes. Raises ConfigurationError without one."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise ConfigurationError(f"{otherwise}: nothing was changed. There is no terminal to ask on, so say --yes")
    if not typer.confirm(question, default=False, err=True):
        raise ConfigurationError(f"{otherwise}: nothing was changed")
