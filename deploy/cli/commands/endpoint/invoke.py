"""Upload a file, submit it, wait for its answer and fetch it."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from deploy.async_client import Completed, Request, content_type_of, submit, wait_for
from deploy.cli import output
from deploy.cli.options import EndpointOptions, Format, OutputOption, TimeoutOption
from deploy.cli.session import open_session
from deploy.core.errors import DeployError
from deploy.plan.status import require_endpoint


@dataclass(frozen=True, kw_only=True)
class RequestOptions:
    file: Annotated[Path, typer.Argument(help="What to send.", exists=True, dir_okay=False, metavar="FILE")]
    content_type: Annotated[
        str | None, typer.Option("--content-type", help="Of the file; default: by its name.", metavar="TYPE")
    ] = None
    accept: Annotated[str, typer.Option("--accept", help="What is wanted back.", metavar="TYPE")] = "application/json"
    attributes: Annotated[
        str,
        typer.Option("--attributes", help="CustomAttributes, such as 'frame_interval=5;masks=rle'.", metavar="TEXT"),
    ] = ""


def invoke(
    *,
    request: RequestOptions,
    out: Annotated[
        Path | None, typer.Option("--out", help="Where the answer goes; default: stdout.", metavar="FILE")
    ] = None,
    timeout_seconds: TimeoutOption = 1800,
    endpoint: EndpointOptions,
    output_format: OutputOption = Format.TEXT,
) -> None:
    work, file = open_session(endpoint), request.file
    require_endpoint(work.clients, work.project.endpoint_name)
    content_type = request.content_type or content_type_of(file)
    sent = submit(work.clients, work.destination, Request(file, content_type, request.accept, request.attributes))
    output.note(f"submitted {sent.inference_id} as {content_type}, waiting for {sent.output_url}")
    outcome = wait_for(work.clients, sent, timeout_seconds=timeout_seconds, clock=work.clock)
    if not isinstance(outcome, Completed):
        again = f"deploy replay {sent.failure_url or sent.input_url}{work.options.words}"
        raise DeployError(f"{file}: the request failed: {outcome.reason}. `{again}` runs it again here")
    output.note(f"answered after {outcome.seconds:.1f} s, {len(outcome.body)} bytes")
    document = {"schema": "rehearsal.invocation/1", **asdict(sent), "seconds": outcome.seconds}
    _deliver(outcome, out, document, output_format)


def _deliver(outcome: Completed, out: Path | None, document: dict[str, Any], output_format: Format) -> None:
    if out is not None:
        out.write_bytes(outcome.body)
        output.result(output_format, document | {"file": str(out)}, f"{out}: {len(outcome.body)} bytes")
    elif output_format is Format.JSON:
        output.result(output_format, document | {"answer": outcome.body.decode("utf-8", "replace")}, "")
    else:
        sys.stdout.buffer.write(outcome.body)
