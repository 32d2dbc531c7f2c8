"""Build the compatible CPU image from Debian and Python packages, unless it is current."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from deploy.cli.options import Format, OutputOption
from harness.cli.output.image import print_image
from harness.serving.images.build import build_image
from harness.serving.images.pinned import pin


def build(
    mirror: Annotated[
        str | None,
        typer.Option("--mirror", envvar="REHEARSAL_DEBIAN_MIRROR", help="A Debian mirror near you.", metavar="URL"),
    ] = None,
    output_format: OutputOption = Format.TEXT,
) -> None:
    console = Console(stderr=True, highlight=False)
    print_image(pin(build_image(console.print, mirror=mirror)), output_format)
