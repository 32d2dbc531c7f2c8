"""`harness image`: build the compatible image, pull the official one, say which is here."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import Console

from harness.cli.options import Format, OutputOption
from harness.docker.engine import Engine
from harness.local_cloud.clients import DEFAULT_REGION
from harness.serving.images import ecr
from harness.serving.images.build import build_image
from harness.serving.images.pinned import PinnedImage, end_of_patch_note, official_image, pin
from harness.serving.images.recipe import FRAMEWORK_VERSION
from harness.serving.instances.gpu import gpus

SCHEMA = "rehearsal.image/1"

app = typer.Typer(
    name="image",
    help="The container image that the docker runtime runs.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.command()
def build(
    mirror: Annotated[
        str | None,
        typer.Option("--mirror", envvar="REHEARSAL_DEBIAN_MIRROR", help="A Debian mirror near you.", metavar="URL"),
    ] = None,
    output_format: OutputOption = Format.TEXT,
) -> None:
    """Build the compatible CPU image from Debian and Python packages; nothing is done when it is current."""
    console = Console(stderr=True, highlight=False)
    _print(pin(build_image(console.print, mirror=mirror)), output_format)


@app.command()
def pull(
    region: Annotated[
        str, typer.Option("--region", help="The region whose registry is asked.", metavar="REGION")
    ] = DEFAULT_REGION,
    gpu: Annotated[
        bool | None, typer.Option("--gpu/--cpu", help="Which image; by default, what this machine has.")
    ] = None,
    output_format: OutputOption = Format.TEXT,
) -> None:
    """Pull AWS's official image with your AWS credentials; the password is kept nowhere."""
    reference = official_image(region, gpu=bool(gpus()) if gpu is None else gpu)
    console = Console(stderr=True, highlight=False)
    console.print(f"pulling {reference} (several GB)")
    if note := end_of_patch_note(FRAMEWORK_VERSION, datetime.now(UTC).date()):
        console.print(note)
    with Engine.connect(timeout_seconds=1800) as engine:
        _print(ecr.pull_official(engine, reference), output_format)


def _print(image: PinnedImage, output_format: Format) -> None:
    if output_format is Format.JSON:
        document: dict[str, Any] = {
            "schema": SCHEMA,
            "reference": image.reference,
            "digest": image.digest,
            **image.facts(),
        }
        typer.echo(json.dumps(document, indent=2))
        return
    typer.echo(f"{image.reference} ({image.assurance})\n{image.digest}\nNext: `harness validate --runtime docker`")
