"""Writes results to stdout as text or JSON, and progress and errors to stderr."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TransferSpeedColumn

from deploy.apply.steps import Step
from deploy.cli.options import Format
from deploy.cli.program.documents import print_document

stdout = Console(soft_wrap=True, highlight=False)
stderr = Console(stderr=True, soft_wrap=True, highlight=False)


def result(output: Format, document: Mapping[str, Any], text: str) -> None:
    """Print `document`, which names its schema, or `text`, the same for people with the most important line last."""
    if output is Format.JSON:
        print_document(json.dumps(document, indent=2))
    else:
        stdout.print(text, markup=False)


def error(message: str) -> None:
    stderr.print(f"error: {message}", markup=False, style="red")


def note(text: str) -> None:
    """Print a message for people, beside the result."""
    stderr.print(text, markup=False)


def step(each: Step) -> None:
    detail = f"  ({each.detail})" if each.detail else ""
    stderr.print(f"  {each.outcome:<8} {each.kind:<15} {each.name}{detail}", markup=False)


@contextmanager
def downloading(what: str) -> Iterator[Callable[[int, int | None], None]]:
    """Show a bar on a terminal, a line elsewhere, and nothing when nothing is downloaded."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    progress = Progress(*columns, console=stderr, transient=True, disable=not stderr.is_terminal)
    tasks: list[TaskID] = []

    def advance(done: int, total: int | None) -> None:
        if not tasks:
            stderr.print(f"downloading {what}")
            progress.start()
            tasks.append(progress.add_task(what, total=total))
        progress.update(tasks[0], completed=done, total=total)

    try:
        yield advance
    finally:
        progress.stop()
