"""Run a failed request again on this machine, and compare.

The bundle and settings that served it then serve it again. Exit codes: 0 the request is answered here, 1 it fails here
too, 2 it cannot be found, 3 this machine cannot run it, 4 AWS refused.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from deploy.apply import ledger_copies
from deploy.cli import output
from deploy.cli.options import EndpointOptions, Format, OutputOption, RuntimeName
from deploy.cli.session import Session, open_session
from deploy.core.errors import ConfigurationError
from deploy.core.files import private_folder
from deploy.core.state import STATE_DIR
from deploy.failed_requests import replay as fetching
from deploy.failed_requests.clues import Places
from deploy.failed_requests.replay import Asked, Found, Source

_HARNESS = "harness.cli"


@dataclass(frozen=True, kw_only=True)
class RequestOptions:
    uri: Annotated[
        str | None, typer.Argument(help="The failure object, or the input, of the request.", metavar="S3-URI")
    ] = None
    notification: Annotated[
        Path | None,
        typer.Option(
            "--notification", help="Instead: the saved SNS message (or SQS, Lambda) of the failure.", metavar="FILE"
        ),
    ] = None
    input: Annotated[
        str | None,
        typer.Option("--input", help="The input, when nothing leads to it: an S3 URI or a file.", metavar="URI|FILE"),
    ] = None
    content_type: Annotated[
        str | None,
        typer.Option("--content-type", help="Of the request; default: as recorded, else the object's.", metavar="TYPE"),
    ] = None
    accept: Annotated[
        str | None, typer.Option("--accept", help="Of the request; default: as recorded.", metavar="TYPE")
    ] = None
    attributes: Annotated[
        str | None,
        typer.Option("--attributes", help="CustomAttributes of the request; default: as recorded.", metavar="TEXT"),
    ] = None
    release: Annotated[
        str | None,
        typer.Option("--release", help="Run this release; default: the one in service then.", metavar="ID"),
    ] = None


def replay(
    *,
    request: RequestOptions,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Keep requests below this folder; default: .rehearsal/replays.", metavar="DIR"),
    ] = None,
    fetch_only: Annotated[bool, typer.Option("--fetch-only", help="Fetch everything, run nothing.")] = False,
    runtime: Annotated[
        RuntimeName, typer.Option("--runtime", help="How the container is run here: auto, process or docker.")
    ] = RuntimeName.AUTO,
    endpoint: EndpointOptions,
    output_format: OutputOption = Format.TEXT,
) -> None:
    work = open_session(endpoint)
    asked = Asked(**vars(request))
    found = fetching.fetch(_source(work), asked, out or _default_root(work), work.clock.today())
    if fetch_only:
        output.result(output_format, _document(found), _text(found))
        return
    output.note(_text(found))
    raise typer.Exit(_run(found.folder, runtime, output_format))


def _default_root(work: Session) -> Path:
    return private_folder(work.project.root / STATE_DIR / "replays")


def _source(work: Session) -> Source:
    project, bucket = work.project, f"s3://{work.store.bucket}"
    storage = project.storage
    places = Places(
        project.endpoint_name,
        f"{bucket}/{storage.input}",
        f"{bucket}/{storage.output}",
        f"{bucket}/{storage.failure}",
    )
    return Source(work.clients, work.store, places, ledger_copies.everything(work.clients, work.store, work.ledger))


def _run(folder: Path, runtime: RuntimeName, output_format: Format) -> int:
    if find_spec("harness") is None:
        raise ConfigurationError(
            f"the harness is not installed here: run `harness replay {folder}` where it is; the folder is whole"
        )
    words = ["replay", str(folder), "--runtime", runtime.value, "--output", output_format.value]
    return subprocess.run([sys.executable, "-m", _HARNESS, *words], check=False).returncode


def _document(found: Found) -> dict[str, object]:
    return {**json.loads(found.kept.model_dump_json(by_alias=True)), "folder": str(found.folder)}


def _text(found: Found) -> str:
    request, served, recorded = found.kept.request, found.kept.served, found.kept.recorded
    lines = [
        f"request   {request.inference_id or 'of unknown id'}: {request.size_bytes} bytes of {request.content_type}",
        f"input     {request.url}",
        f"failed    {_said(recorded.at, recorded.code, recorded.message)}" if recorded else "failed    not recorded",
        f"served by release {served.release}, bundle {served.bundle_sha256[:12]} ({served.how})",
        *(f"note      {caveat}" for caveat in found.kept.caveats),
        f"kept in   {found.folder}; `harness replay {found.folder}` runs it again",
    ]
    return "\n".join(lines)


def _said(at: object, code: str | None, message: str) -> str:
    first = message.splitlines()[0][:200] if message else ""
    return f"{at:%Y-%m-%d %H:%M:%S} {f'{code}: ' if code else ''}{first}"
