"""Start a project: in an empty folder a minimal one, beside your handler the files it lacks, or a working example.

Beside a handler it reads what is there (functions, weights, requirements, a file to send) and writes rehearsal.toml and
.gitignore; it asks nothing, runs nothing of yours, and overwrites nothing without --force.

Exit codes: 0 written, 2 nothing to start from or a file is there, 3 an example's weights could not be fetched.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from deploy.cli.options import Format, OutputOption
from harness import scaffold
from harness.cli.options import QuietOption
from harness.cli.output import print_result
from harness.cli.output.init import as_document, as_text, listed
from harness.core.progress import stderr_progress


class Ci(StrEnum):
    GITHUB = "github"


def init(
    *,
    folder: Annotated[
        Path, typer.Argument(help="The project's folder; default: this one.", metavar="[FOLDER]")
    ] = Path(),
    example: Annotated[
        str | None, typer.Option("--example", help="Copy this working example; --list names them.", metavar="NAME")
    ] = None,
    cases: Annotated[
        list[str] | None,
        typer.Option("--case", help="A file to send as a case, repeatable.", metavar="FILE[:CONTENT_TYPE]"),
    ] = None,
    handler: Annotated[
        Path | None, typer.Option("--handler", help="The handler, where several could be meant.", metavar="FILE")
    ] = None,
    name: Annotated[str | None, typer.Option("--name", help="Its name on AWS; default: the folder's.")] = None,
    ci: Annotated[Ci | None, typer.Option("--ci", help="Write a workflow that rehearses it, too.")] = None,
    is_listing: Annotated[bool, typer.Option("--list", help="List the examples, and write nothing.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
    is_dry: Annotated[bool, typer.Option("--dry-run", help="Say what would be written, and write nothing.")] = False,
    output_format: OutputOption = Format.TEXT,
    quiet: QuietOption = False,
) -> None:
    if is_listing:
        print_result(output_format, *listed(scaffold.examples()))
        return
    plan = scaffold.plan(
        scaffold.Options(
            folder=folder,
            example=example,
            handler=handler,
            cases=tuple(cases or ()),
            name=name,
            with_workflow=ci is Ci.GITHUB,
        )
    )
    written = scaffold.write(plan, force=force, is_dry=is_dry)
    if not is_dry and scaffold.fetches(plan):
        with stderr_progress(quiet=quiet).stage("fetch the example's model") as stage:
            stage.result = scaffold.fetch(plan)
    print_result(output_format, as_document(plan, written, is_dry), as_text(plan, written, is_dry))
