"""Results go to stdout as text or JSON, errors to stderr with the last log lines of what failed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import typer
from rich.console import Console

from deploy.cli.options import Format
from deploy.cli.program.documents import print_document
from deploy.core.errors import RehearsalError


def print_result(output: Format, document: Mapping[str, Any], text: str) -> None:
    """Print `document`, which carries its own schema, as JSON, or `text`, which says the same to people."""
    if output is Format.JSON:
        print_document(json.dumps(document, indent=2))
    else:
        typer.echo(text)


def print_error(error: RehearsalError) -> None:
    stderr = Console(stderr=True, soft_wrap=True, highlight=False)
    if error.log_tail:
        stderr.print(error.log_tail, style="dim", markup=False)
    stderr.print(f"error: {error}", style="red", markup=False)
