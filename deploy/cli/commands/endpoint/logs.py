"""Print the log lines of the endpoint's containers, oldest first; as JSON, one object a line."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Annotated

import typer

from deploy.aws import logs as reading
from deploy.cli.options import EndpointOptions, Format, OutputOption
from deploy.cli.program.documents import print_document
from deploy.cli.session import open_session


def logs(
    *,
    minutes: Annotated[float, typer.Option("--minutes", "-m", help="How far back.", metavar="MINUTES")] = 60.0,
    pattern: Annotated[str, typer.Option("--filter", help="A CloudWatch Logs filter pattern.", metavar="PATTERN")] = "",
    follows: Annotated[bool, typer.Option("--follow", "-f", help="Go on as lines come; Ctrl-C ends it.")] = False,
    endpoint: EndpointOptions,
    output_format: OutputOption = Format.TEXT,
) -> None:
    work = open_session(endpoint)
    since = work.clock.today() - timedelta(minutes=minutes)
    read = reading.follow if follows else reading.logs
    for line in read(work.clients, work.project.endpoint_name, since=since, pattern=pattern):
        if output_format is Format.JSON:
            print_document(json.dumps({"at": line.at.isoformat(), "stream": line.stream, "text": line.text}))
        else:
            typer.echo(f"{line.at:%H:%M:%S} {line.stream}  {line.text}")
