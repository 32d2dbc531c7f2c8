"""Asks before something is changed or deleted."""

from __future__ import annotations

import sys

import typer

from deploy.core.errors import ConfigurationError


def require_yes(question: str, *, yes: bool, otherwise: str) -> None:
    """Ask on a terminal; without a terminal only --yes counts. Raises ConfigurationError without a yes."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise ConfigurationError(f"{otherwise}: nothing was changed. There is no terminal to ask on, so say --yes")
    if not typer.confirm(question, default=False, err=True):
        raise ConfigurationError(f"{otherwise}: nothing was changed")
