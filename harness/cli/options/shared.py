"""Options that several commands share, and how results are printed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from deploy.cli.shared_options import shared_options
from harness.core.state import STATE_DIR
from harness.local_cloud.local_cloud import CloudAsked
from harness.local_environment.local_run import RunOptions
from harness.serving.runtimes.docker_limits import MachineLimits, parse_size


class Format(StrEnum):
    TEXT = "text"
    JSON = "json"


class RuntimeChoice(StrEnum):
    AUTO = "auto"
    PROCESS = "process"
    DOCKER = "docker"


class CloudChoice(StrEnum):
    EMBEDDED = "embedded"
    DOCKER = "docker"


ConfigOption = Annotated[Path, typer.Option("--config", "-c", help="The project file.", metavar="FILE")]
EnvOption = Annotated[
    str | None, typer.Option("--env", "-e", help="Lay [env.NAME] of the project file over it.", metavar="NAME")
]
StateOption = Annotated[
    Path, typer.Option("--state-dir", help="Where runs keep logs and state; safe to delete.", metavar="DIR")
]
CloudUrlOption = Annotated[
    str | None,
    typer.Option(
        "--cloud-url",
        help="A local cloud that runs already (LocalStack or alike); default: one is started.",
        metavar="URL",
    ),
]
CloudOption = Annotated[
    CloudChoice,
    typer.Option("--cloud", help="Which local cloud is started: LocalStack embedded, or its container by compose."),
]
RuntimeOption = Annotated[
    RuntimeChoice,
    typer.Option("--runtime", help="How the container is run: auto takes docker where it can, else process."),
]
ImageOption = Annotated[
    str | None, typer.Option("--image", help="The image that the docker runtime runs.", metavar="URI")
]
CpusOption = Annotated[float | None, typer.Option("--cpus", help="Docker: CPUs a container may use.", metavar="N")]
MemoryOption = Annotated[
    str | None, typer.Option("--memory", help="Docker: memory of a container, such as 16GiB.", metavar="SIZE")
]
GpuMemoryOption = Annotated[
    str | None,
    typer.Option("--gpu-memory", help="Docker: GPU memory the model may take, such as 15GiB.", metavar="SIZE"),
]
SharedMemoryOption = Annotated[
    str | None,
    typer.Option("--shm-size", help="Docker: shared memory of a container; its default is 64 MiB.", metavar="SIZE"),
]
OutputOption = Annotated[Format, typer.Option("--output", "-o", help="How the result is printed on stdout.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")]


def _run_options(
    runtime: RuntimeOption = RuntimeChoice.AUTO,
    image: ImageOption = None,
    cpus: CpusOption = None,
    memory: MemoryOption = None,
    gpu_memory: GpuMemoryOption = None,
    shm_size: SharedMemoryOption = None,
    cloud: CloudOption = CloudChoice.EMBEDDED,
    cloud_url: CloudUrlOption = None,
    state_dir: StateOption = STATE_DIR,
) -> RunOptions:
    """Raises ConfigurationError for a size that is none."""
    sizes = (None if size is None else parse_size(size) for size in (memory, gpu_memory, shm_size))
    asked_cloud = CloudAsked(cloud_url, cloud.value)
    return RunOptions(
        state_dir=state_dir, cloud=asked_cloud, runtime=runtime.value, image=image, limits=MachineLimits(cpus, *sizes)
    )


on_local_run = shared_options(_run_options)
"""The command's first argument, RunOptions, becomes the options it is made from."""


def print_result(output: Format, document: Mapping[str, Any], text: str) -> None:
    """`document` carries its own schema; `text` is the same for people."""
    typer.echo(json.dumps(document, indent=2) if output is Format.JSON else text)
