"""Single options, and the options of a run that starts a local AWS of its own."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from deploy.cli.options import PackedProjectOptions, RuntimeName
from deploy.core.state import STATE_DIR
from harness.local_cloud.local_cloud import CloudAsked
from harness.local_environment.local_run import RunOptions
from harness.serving.runtimes.docker_limits import MachineLimits, parse_size

StateOption = Annotated[
    Path, typer.Option("--state-dir", help="Where runs keep logs and state; safe to delete.", metavar="DIR")
]
GoldenCasesOption = Annotated[
    list[str] | None,
    typer.Option(
        "--case", help="The name of a [[case]]; default: every case with expect.golden; repeatable.", metavar="NAME"
    ),
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")]


_ADDRESSES = ("http://", "https://")


def _runtime(text: str) -> str:
    names = [name.value for name in RuntimeName]
    if text in names or text.startswith(_ADDRESSES):
        return text
    raise typer.BadParameter(f"{text!r} is none of {', '.join(names)}, nor the http:// address of a container")


class CloudChoice(StrEnum):
    EMBEDDED = "embedded"
    DOCKER = "docker"


@dataclass(frozen=True, kw_only=True)
class LimitOptions:
    cpus: Annotated[float | None, typer.Option("--cpus", help="Docker: CPUs a container may use.", metavar="N")] = None
    memory: Annotated[
        str | None, typer.Option("--memory", help="Docker: memory of a container, such as 16GiB.", metavar="SIZE")
    ] = None
    gpu_memory: Annotated[
        str | None,
        typer.Option("--gpu-memory", help="Docker: GPU memory the model may take, such as 15GiB.", metavar="SIZE"),
    ] = None
    shm_size: Annotated[
        str | None,
        typer.Option("--shm-size", help="Docker: shared memory of a container; its default is 64 MiB.", metavar="SIZE"),
    ] = None

    def limits(self) -> MachineLimits:
        """The options as a value. Raises ConfigurationError for a text that is no size."""
        sizes = (None if each is None else parse_size(each) for each in (self.memory, self.gpu_memory, self.shm_size))
        return MachineLimits(self.cpus, *sizes)


@dataclass(frozen=True, kw_only=True)
class LocalRunOptions:
    """How the container and the local cloud run."""

    runtime: Annotated[
        str,
        typer.Option(
            "--runtime",
            help="How the container is run: auto takes docker where it can, else process.",
            parser=_runtime,
            metavar="<auto|process|docker>",
        ),
    ] = RuntimeName.AUTO.value
    image: Annotated[
        str | None, typer.Option("--image", help="The image that the docker runtime runs.", metavar="URI")
    ] = None
    limits: LimitOptions
    cloud: Annotated[
        CloudChoice,
        typer.Option("--cloud", help="Which local cloud is started: LocalStack embedded, or its container by compose."),
    ] = CloudChoice.EMBEDDED
    cloud_url: Annotated[
        str | None,
        typer.Option(
            "--cloud-url",
            help="A local cloud that runs already (LocalStack or alike); default: one is started.",
            metavar="URL",
        ),
    ] = None
    state_dir: StateOption = STATE_DIR

    def asked(self) -> RunOptions:
        """The options as a value. Raises ConfigurationError for a text that is no size."""
        return RunOptions(
            state_dir=self.state_dir,
            cloud=CloudAsked(self.cloud_url, self.cloud.value),
            runtime=self.runtime,
            image=self.image,
            limits=self.limits.limits(),
        )


def of_project(project: PackedProjectOptions, local: LocalRunOptions) -> dict[str, Any]:
    """The arguments of `ProjectOptions`, which every run that makes evidence has. Raises what `asked` raises."""
    return {
        **vars(local.asked()),
        "config_path": project.config,
        "environment": project.env,
        "without_packages": project.without_packages,
        "arguments": tuple(sys.argv[1:]),
    }
