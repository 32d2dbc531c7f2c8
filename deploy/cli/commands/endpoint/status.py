"""Commands for what runs already: status, smoke, invoke, releases, drift, verify, logs."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from deploy import releases
from deploy.async_client import requests
from deploy.async_client.requests import Completed, content_type_of
from deploy.aws import logs
from deploy.cli import output, rendering, resume_state
from deploy.cli.options import (
    OutputOption,
    TimeoutOption,
    on_session,
)
from deploy.cli.output import Format
from deploy.cli.session import Session
from deploy.core.errors import ConfigurationError, DeployError
from deploy.plan import drift, status
from deploy.promote import smoke as smokes
from deploy.promote import verify
from deploy.releases import Unreadable, readable


def add_to(app: typer.Typer) -> None:
    for name, command in _COMMANDS.items():
        app.command(name)(command)


@on_session()
def _status(
    work: Session,
    output_format: OutputOption = Format.TEXT,
) -> None:
    """Show what serves, what waits and what it costs."""
    found = status.status(work.clients, work.project.endpoint_name, work.store, work.price, work.clock.today())
    document = {"schema": "rehearsal.status/1", **asdict(found), "created": found.created.isoformat()}
    if unfinished := resume_state.unfinished(work):
        output.note(f"{unfinished}; if nobody is at it, `deploy resume{work.options.words}` goes on")
    output.result(output_format, document, rendering.status(found, work.price))


@on_session(judging=True)
def _smoke(
    work: Session,
    timeout_seconds: TimeoutOption = 1800,
    output_format: OutputOption = Format.TEXT,
) -> None:
    """Send the smoke request to the endpoint and judge its answer.

    Where the rehearsal of the release in service is at hand, the answer must be like its; elsewhere any will do.
    """
    status.require_endpoint(work.clients, work.project.endpoint_name)
    pointed = releases.current(work.clients, work.store)
    probe = work.probe_of(pointed[1]) if pointed else smokes.probe(work.project, ())
    result = smokes.smoke(work.clients, work.destination, probe, timeout_seconds=timeout_seconds, clock=work.clock)
    good = "the answer of the rehearsal" if probe.expected else "an answer, with no rehearsal here to compare it with,"
    said = result.problem or f"{good} after {result.seconds:g} s"
    output.result(output_format, {"schema": "rehearsal.smoke/1", **asdict(result)}, f"{probe.file.name}: {said}")
    if not result.passed:
        raise typer.Exit(1)


@on_session()
def _invoke(
    work: Session,
    file: Annotated[Path, typer.Argument(help="What to send.", exists=True, dir_okay=False, metavar="FILE")],
    content_type: Annotated[
        str | None, typer.Option("--content-type", help="Of the file; default: by its name.", metavar="TYPE")
    ] = None,
    accept: Annotated[str, typer.Option("--accept", help="What is wanted back.", metavar="TYPE")] = "application/json",
    attributes: Annotated[
        str,
        typer.Option("--attributes", help="CustomAttributes, such as 'frame_interval=5;masks=rle'.", metavar="TEXT"),
    ] = "",
    out: Annotated[
        Path | None, typer.Option("--out", help="Where the answer goes; default: stdout.", metavar="FILE")
    ] = None,
    timeout_seconds: TimeoutOption = 1800,
    output_format: OutputOption = Format.TEXT,
) -> None:
    """Upload a file, submit it, wait for its answer and fetch it."""
    status.require_endpoint(work.clients, work.project.endpoint_name)
    content_type = content_type or content_type_of(file)
    sent = requests.submit(
        work.clients, work.destination, file, content_type=content_type, accept=accept, attributes=attributes
    )
    output.note(f"submitted {sent.inference_id} as {content_type}, waiting for {sent.output_url}")
    outcome = requests.wait_for(work.clients, sent, timeout_seconds=timeout_seconds, clock=work.clock)
    if not isinstance(outcome, Completed):
        began = sent.failure_url or sent.input_url
        again = f"deploy replay {began}{work.options.words}"
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


@on_session()
def _releases(
    work: Session,
    output_format: OutputOption = Format.TEXT,
) -> None:
    """List what was promoted here, newest first, and what is in service."""
    found = releases.releases(work.clients, work.store)
    pointed, problem = None, ""
    try:
        pointed = releases.pointed(work.clients, work.store)
    except ConfigurationError as error:
        problem = str(error)
    in_service = pointed.record if pointed else None
    document = {
        "schema": "rehearsal.releases/1",
        "in_service": in_service,
        "releases": [json.loads(each.release.model_dump_json()) | {"record": each.key} for each in readable(found)],
        "unreadable": [
            {"record": each.key, "release": each.release, "reason": each.reason}
            for each in found
            if isinstance(each, Unreadable)
        ],
    }
    if problem:
        output.note(f"which one is in service is not known: {problem}")
    output.result(output_format, document, rendering.releases(found, in_service))


@on_session()
def _drift(
    work: Session,
    output_format: OutputOption = Format.TEXT,
) -> None:
    """Compare what stands with the release record.

    Exit codes: 0 they agree, 1 they differ.
    """
    found = drift.drift(work.clients, work.store, work.monitoring)
    noun = "difference" if len(found) == 1 else "differences"
    text = "\n".join([*found, f"{len(found)} {noun}; `deploy --promote{work.options.words}` sets right what it can"])
    document = {"schema": "rehearsal.drift/1", "differences": list(found)}
    output.result(output_format, document, text if found else "No drift: what stands is what was recorded.")
    if found:
        raise typer.Exit(1)


@on_session()
def _verify(
    work: Session,
    files: Annotated[
        list[Path] | None, typer.Argument(help="Bundles and evidence that the record must name.", metavar="FILE")
    ] = None,
    output_format: OutputOption = Format.TEXT,
) -> None:
    """Prove that what serves is what was rehearsed and recorded.

    By digests and signatures; exit codes: 0 every link holds, 1 one does not. Signatures are checked with [release]
    public_keys; without any, a change of the whole bucket goes unseen.
    """
    links = verify.verify(work.clients, work.store, files or (), work.trusted)
    document = {"schema": "rehearsal.verification/1", "links": [asdict(each) for each in links]}
    output.result(output_format, document, rendering.links(links))
    if not all(each.holds for each in links):
        raise typer.Exit(1)


@on_session()
def _logs(
    work: Session,
    minutes: Annotated[float, typer.Option("--minutes", "-m", help="How far back.", metavar="MINUTES")] = 60.0,
    pattern: Annotated[str, typer.Option("--filter", help="A CloudWatch Logs filter pattern.", metavar="PATTERN")] = "",
    follows: Annotated[bool, typer.Option("--follow", "-f", help="Go on as lines come; Ctrl-C ends it.")] = False,
    output_format: OutputOption = Format.TEXT,
) -> None:
    """Print what the endpoint's containers wrote, oldest first; with JSON one object a line."""
    since = work.clock.today() - timedelta(minutes=minutes)
    read = logs.follow if follows else logs.logs
    for line in read(work.clients, work.project.endpoint_name, since=since, pattern=pattern):
        if output_format is Format.JSON:
            typer.echo(json.dumps({"at": line.at.isoformat(), "stream": line.stream, "text": line.text}))
        else:
            typer.echo(f"{line.at:%H:%M:%S} {line.stream}  {line.text}")


_COMMANDS: dict[str, Callable[..., None]] = {
    "status": _status,
    "smoke": _smoke,
    "invoke": _invoke,
    "releases": _releases,
    "drift": _drift,
    "verify": _verify,
    "logs": _logs,
}
