"""Say what changed between two benchmarks, and fail when a change exceeds a limit."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deploy.cli.options import Format, OutputOption
from deploy.evidence.bench import read_bench
from harness.bench.results import compare as comparing
from harness.bench.results.compare import Limit
from harness.cli.output import print_result


def compare(
    before: Annotated[Path, typer.Argument(help="The bench.json to compare with.", metavar="A")],
    after: Annotated[Path, typer.Argument(help="The bench.json that is judged.", metavar="B")],
    fail_on: Annotated[
        list[str] | None,
        typer.Option(
            "--fail-on",
            help="Such as fps:-5% or p95:+10%, of fps, items, requests, p50, p90, p95, p99 or memory; repeatable.",
            metavar="LIMIT",
        ),
    ] = None,
    output_format: OutputOption = Format.TEXT,
) -> None:
    limits = [Limit.parse(text) for text in fail_on or ()]
    found = comparing.compare(read_bench(before), read_bench(after), limits)
    for warning in found.warnings:
        typer.echo(f"warning: {warning}", err=True)
    lines = [*(str(change) for change in found.changes), *(f"failed: {failure}" for failure in found.failures)]
    print_result(output_format, comparing.as_document(found), "\n".join(lines))
    if found.failures:
        raise typer.Exit(1)
