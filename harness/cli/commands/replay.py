"""Run a kept request again as it was served.

It runs on the recorded bundle and settings, or on your handler, and its outcome is compared with the recorded failure.

Exit codes: 0 it is answered here, 1 it fails here (the same failure or another), 2 usage, 3 this machine cannot.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from deploy.cli.options import Format, OutputOption
from deploy.cli.program.documents import print_document
from deploy.core.errors import ConfigurationError
from harness.cli.options import LocalRunOptions, QuietOption
from harness.core.progress import stderr_progress
from harness.replay import rendering
from harness.replay import replay as replaying


def replay(
    *,
    folder: Annotated[
        Path, typer.Argument(help="What `deploy replay` fetched.", metavar="FOLDER", exists=True, file_okay=False)
    ],
    handler: Annotated[
        Path | None,
        typer.Option("--handler", help="Try this handler in place of the bundle's own.", metavar="DIR"),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="A setting of the container, over the recorded; repeatable.", metavar="NAME=VALUE"),
    ] = None,
    timeout_seconds: Annotated[
        float | None,
        typer.Option(
            "--timeout", help="Seconds to wait; default: the request's own time-out and more.", metavar="SECONDS"
        ),
    ] = None,
    local: LocalRunOptions,
    output_format: OutputOption = Format.TEXT,
    quiet: QuietOption = False,
) -> None:
    asked = replaying.Options(
        folder=folder,
        handler=handler,
        settings=_settings(settings or []),
        **vars(local.asked()),
        timeout_seconds=timeout_seconds,
    )
    replayed = replaying.replay(asked, stderr_progress(quiet=quiet))
    if output_format is Format.JSON:
        print_document(replayed.model_dump_json(indent=2, by_alias=True))
    else:
        typer.echo(rendering.text(replayed))
    if replayed.verdict != "answered":
        raise typer.Exit(1)


def _settings(given: list[str]) -> Mapping[str, str]:
    pairs = [each.partition("=") for each in given]
    wrong = [name for name, equals, _ in pairs if not name or not equals]
    if wrong:
        raise ConfigurationError(f"--set {wrong[0]}: write NAME=VALUE")
    return {name: value for name, _, value in pairs}
