"""Pull AWS's official image with your AWS credentials; the password is kept nowhere."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console

from deploy.cli.options import Format, OutputOption
from harness.cli.output.image import print_image
from harness.docker.engine import Engine
from harness.local_cloud.clients import DEFAULT_REGION
from harness.serving.images import ecr
from harness.serving.images.pinned import end_of_patch_note, official_image
from harness.serving.images.recipe import FRAMEWORK_VERSION
from harness.serving.instances.gpu import gpus


def pull(
    region: Annotated[
        str, typer.Option("--region", help="The region whose registry is asked.", metavar="REGION")
    ] = DEFAULT_REGION,
    gpu: Annotated[
        bool | None, typer.Option("--gpu/--cpu", help="Which image; by default, what this machine has.")
    ] = None,
    output_format: OutputOption = Format.TEXT,
) -> None:
    reference = official_image(region, gpu=bool(gpus()) if gpu is None else gpu)
    console = Console(stderr=True, highlight=False)
    console.print(f"pulling {reference} (several GB)")
    if note := end_of_patch_note(FRAMEWORK_VERSION, datetime.now(UTC).date()):
        console.print(note)
    with Engine.connect(timeout_seconds=1800) as engine:
        print_image(ecr.pull_official(engine, reference), output_format)
