"""Prove that what serves is what was rehearsed and recorded.

Every link is checked by digest, and by signature with [release] public_keys; without any key, a consistent change of
the whole bucket is not detected. Exit codes: 0 every link holds, 1 one does not.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from deploy.cli import output
from deploy.cli.options import EndpointOptions, Format, OutputOption
from deploy.cli.output import rendering
from deploy.cli.session import open_session
from deploy.promote.verify import verify as prove


def verify(
    endpoint: EndpointOptions,
    files: Annotated[
        list[Path] | None, typer.Argument(help="Bundles and evidence that the record must name.", metavar="FILE")
    ] = None,
    output_format: OutputOption = Format.TEXT,
) -> None:
    work = open_session(endpoint)
    links = prove(work.clients, work.store, files or (), work.trusted)
    document = {"schema": "rehearsal.verification/1", "links": [asdict(each) for each in links]}
    output.result(output_format, document, rendering.links(links))
    if not all(each.holds for each in links):
        raise typer.Exit(1)
