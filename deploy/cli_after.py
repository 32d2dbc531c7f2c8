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

from deploy import (
    config,
    drift,
    logs,
    output,
    releases,
    requests,
    showing,
    status,
    verify,
)
from deploy import smoke as smokes
from deploy.cli_options import (
    AssumeRoleOption,
    ConfigOption,
    EnvOption,
    OutputOption,
    ProfileOption,
    TargetOption,
    session,
)
from deploy.errors import DeployError
from deploy.output import Format
from deploy.requests import Completed
from deploy.session import TargetName

_CONFIG = Path(config.FILE_NAME)


def add_to(app: typer.Typer) -> None:
    for name, command in _COMMANDS.items():
        app.command(name)(command)


def _status(
    config_file: ConfigOption = _CONFIG,
    env: EnvOption = None,
    target: TargetOption = TargetName.AWS,
    profile: ProfileOption = None,
    assume_role: AssumeRoleOption = None,
    output_format: OutputOption = Format.TEXT,
) -> None:
    """Show what serves, on how many instances, what waits and what it costs."""
    work = session(config_file, env, target, profile, assume_role)
    found = status.status(work.clients, work.project.endpoint_name, work.shelf, work.price, work.clock.today())
    document = {"schema": "rehearsal.status/1", **asdict(found), "created": found.created.isoformat()}
    output.result(output_format, document, showing.status(found, work.price))


def _smoke(
    config_file: ConfigOption = _CONFIG,
    env: EnvOption = None,
    target: TargetOption = TargetName.AWS,
    profile: ProfileOption = None,
    assume_role: AssumeRoleOption = None,
    timeout_seconds: Annotated[float, typer.Option("--timeout", help="Seconds; a cold start takes minutes.")] = 1800.0,
    output_format: OutputOption = Format.TEXT,
) -> None:
    """Send the smoke request to the endpoint and judge its answer.

    Where the rehearsal of the release in service is at hand, the answer must be like its; elsewhere any will do.
    """
    work = session(config_file, env, target, profile, assume_role)
    pointed = releases.current(work.clients, work.shelf)
    probe = smokes.probe(work.project, work.evidence_of(pointed[1].bundle_sha256) if pointed else ())
    result = smokes.smoke(work.clients, work.destination, probe, timeout_seconds=timeout_seconds, clock=work.clock)
    good = "the answer of the rehearsal" if probe.expected else "an answer, with no rehearsal here to compare it with,"
    said = result.problem or f"{good} after {result.seconds:g} s"
    output.result(output_format, {"schema": "rehearsal.smoke/1", **asdict(result)}, f"{probe.file.name}: {said}")
    if not result.passed:
        raise typer.Exit(1)


def _invoke(
    file: Annotated[Path, typer.Argument(help="What to send.", exists=True, dir_okay=False)],
    config_file: ConfigOption = _CONFIG,
    env: EnvOption = None,
    target: TargetOption = TargetName.AWS,
    profile: ProfileOption = None,
    assume_role: AssumeRoleOption = None,
    content_type: Annotated[str, typer.Option("--content-type", help="Of the file.")] = "video/mp4",
    accept: Annotated[str, typer.Option("--accept", help="What is wanted back.")] = "application/json",
    attributes: Annotated[
        str, typer.Option("--attributes", help="CustomAttributes, such as frame_interval=5;masks=rle.")
    ] = "",
    out: Annotated[Path | None, typer.Option("--out", help="Where the answer goes; default: stdout.")] = None,
    timeout_seconds: Annotated[float, typer.Option("--timeout", help="Seconds; a cold start takes minutes.")] = 1800.0,
    output_format: OutputOption = Format.TEXT,
) -> None:
    """Upload a file, submit it, wait for its answer and fetch it."""
    work = session(config_file, env, target, profile, assume_role)
    sent = requests.submit(
        work.clients, work.destination, file, content_type=content_type, accept=accept, attributes=attributes
    )
    output.note(f"submitted {sent.inference_id}, waiting for {sent.output_url}")
    outcome = requests.wait_for(work.clients, sent, timeout_seconds=timeout_seconds, clock=work.clock)
    if not isinstance(outcome, Completed):
        began = sent.failure_url or sent.input_url
        raise DeployError(f"{file}: the request failed: {outcome.reason}. `deploy replay {began}` runs it again here")
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


def _releases(
    config_file: ConfigOption = _CONFIG,
    env: EnvOption = None,
    target: TargetOption = TargetName.AWS,
    profile: ProfileOption = None,
    assume_role: AssumeRoleOption = None,
    output_format: OutputOption = Format.TEXT,
) -> None:
    """List what was promoted here, newest first, and what is in service."""
    work = session(config_file, env, target, profile, assume_role)
    found = releases.releases(work.clients, work.shelf)
    pointed = releases.current(work.clients, work.shelf)
    in_service = pointed[0].record if pointed else None
    records = [json.loads(each.release.model_dump_json()) | {"record": each.key} for each in found]
    document = {"schema": "rehearsal.releases/1", "in_service": in_service, "releases": records}
    output.result(output_format, document, showing.releases(found, in_service))


def _drift(
    config_file: ConfigOption = _CONFIG,
    env: EnvOption = None,
    target: TargetOption = TargetName.AWS,
    profile: ProfileOption = None,
    assume_role: AssumeRoleOption = None,
    output_format: OutputOption = Format.TEXT,
) -> None:
    """Compare what stands with the release record; exit code 1 when they differ."""
    work = session(config_file, env, target, profile, assume_role)
    found = drift.drift(work.clients, work.shelf, work.watching)
    text = "\n".join([*found, f"{len(found)} differences; `deploy --promote` sets them right"])
    document = {"schema": "rehearsal.drift/1", "differences": list(found)}
    output.result(output_format, document, text if found else "No drift: what stands is what was recorded.")
    if found:
        raise typer.Exit(1)


def _verify(
    files: Annotated[list[Path] | None, typer.Argument(help="Bundles and evidence that the record must name.")] = None,
    config_file: ConfigOption = _CONFIG,
    env: EnvOption = None,
    target: TargetOption = TargetName.AWS,
    profile: ProfileOption = None,
    assume_role: AssumeRoleOption = None,
    output_format: OutputOption = Format.TEXT,
) -> None:
    """Prove by digests and signatures that what serves is what was rehearsed and recorded; exit code 1 when it is not.

    Signatures are checked with [release] public_keys; without any, a change of the whole bucket goes unseen.
    """
    work = session(config_file, env, target, profile, assume_role)
    links = verify.verify(work.clients, work.shelf, files or (), work.trusted)
    document = {"schema": "rehearsal.verification/1", "links": [asdict(each) for each in links]}
    output.result(output_format, document, showing.links(links))
    if not all(each.holds for each in links):
        raise typer.Exit(1)


def _logs(
    config_file: ConfigOption = _CONFIG,
    env: EnvOption = None,
    target: TargetOption = TargetName.AWS,
    profile: ProfileOption = None,
    assume_role: AssumeRoleOption = None,
    minutes: Annotated[float, typer.Option("--minutes", "-m", help="How far back.")] = 60.0,
    pattern: Annotated[str, typer.Option("--filter", help="A CloudWatch Logs filter pattern.")] = "",
    output_format: OutputOption = Format.TEXT,
) -> None:
    """Print what the endpoint's containers wrote, oldest first; with JSON one object a line."""
    work = session(config_file, env, target, profile, assume_role)
    since = work.clock.today() - timedelta(minutes=minutes)
    for line in logs.logs(work.clients, work.project.endpoint_name, since=since, pattern=pattern):
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
