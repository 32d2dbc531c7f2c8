"""The command line: `harness <word>`, where the word is a module and its function.

Results on stdout, progress on stderr. May not: do any work of its own; it reads arguments, calls, and prints.
"""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from deploy.config import FILE_NAME
from deploy.errors import DeployError
from harness import validate as validation
from harness.errors import HarnessError
from harness.progress import stderr_progress
from harness.report import terminal
from harness.serving.docker_limits import MachineLimits, parse_size

INTERRUPTED = 130
EXIT_CODES = (
    "Exit codes: 0 ok, 1 checks ran and failed, 2 usage or configuration, 3 this machine cannot, "
    "4 AWS refused, 124 timed out, 130 interrupted and cleaned up."
)

app = typer.Typer(
    name="harness",
    help=f"Rehearse a SageMaker asynchronous endpoint on this machine. {EXIT_CODES}",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class Format(StrEnum):
    TEXT = "text"
    JSON = "json"


class RuntimeChoice(StrEnum):
    AUTO = "auto"
    PROCESS = "process"
    DOCKER = "docker"


ConfigOption = Annotated[Path, typer.Option("--config", "-c", help="The project file.", metavar="FILE")]
EnvOption = Annotated[
    str | None, typer.Option("--env", "-e", help="Lay [env.NAME] of the project file over it.", metavar="NAME")
]
StateOption = Annotated[
    Path, typer.Option("--state-dir", help="Where runs keep logs and state; safe to delete.", metavar="DIR")
]
CloudOption = Annotated[
    str | None,
    typer.Option(
        "--cloud-url",
        help="A local cloud that runs already (LocalStack or alike); default: one is started.",
        metavar="URL",
    ),
]
RuntimeOption = Annotated[
    RuntimeChoice,
    typer.Option("--runtime", help="How the container is run: auto takes docker where it can, else process."),
]
ImageOption = Annotated[
    str | None, typer.Option("--image", help="The image that the docker runtime runs.", metavar="URI")
]
CpusOption = Annotated[float | None, typer.Option("--cpus", help="Docker: CPUs a container may use.")]
MemoryOption = Annotated[
    str | None, typer.Option("--memory", help="Docker: memory of a container, such as 16GiB.", metavar="SIZE")
]
GpuMemoryOption = Annotated[
    str | None,
    typer.Option("--gpu-memory", help="Docker: GPU memory the model may take, such as 15GiB.", metavar="SIZE"),
]
OutputOption = Annotated[Format, typer.Option("--output", "-o", help="How the result is printed on stdout.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")]


@app.callback()
def harness() -> None:
    """Rehearse a SageMaker asynchronous endpoint on this machine."""


@app.command()
def validate(
    video: Annotated[
        list[Path] | None,
        typer.Option("--video", "-v", help="A clip of yours to send as well; may be given again.", metavar="FILE"),
    ] = None,
    config_file: ConfigOption = Path(FILE_NAME),
    env: EnvOption = None,
    out: Annotated[Path, typer.Option("--out", help="Folder for the report.", metavar="DIR")] = Path(
        "rehearsal-report"
    ),
    runtime: RuntimeOption = RuntimeChoice.AUTO,
    image: ImageOption = None,
    cpus: CpusOption = None,
    memory: MemoryOption = None,
    gpu_memory: GpuMemoryOption = None,
    cloud_url: CloudOption = None,
    state_dir: StateOption = Path(".rehearsal"),
    output_format: OutputOption = Format.TEXT,
    quiet: QuietOption = False,
) -> None:
    """Take the bundle through a real asynchronous endpoint on this machine, judge its answers, write the report."""
    options = validation.Options(
        config_path=config_file,
        environment=env,
        videos=tuple(video or ()),
        out_dir=out,
        state_dir=state_dir,
        cloud_url=cloud_url,
        runtime=runtime.value,
        image=image,
        limits=_limits(cpus, memory, gpu_memory),
        arguments=("validate", *sys.argv[2:]),
    )
    rehearsed = validation.validate(options, stderr_progress(quiet=quiet))
    if output_format is Format.JSON:
        typer.echo(rehearsed.written.report_json.read_text(encoding="utf-8"))
    else:
        terminal.show(rehearsed.report, out, Console(highlight=False))
    if not rehearsed.report.verdict.passed:
        raise typer.Exit(1)


def _limits(cpus: float | None, memory: str | None, gpu_memory: str | None) -> MachineLimits:
    sizes = [None if size is None else parse_size(size) for size in (memory, gpu_memory)]
    return MachineLimits(cpus, *sizes)


def main(arguments: list[str] | None = None) -> None:
    """The console script; ends with the exit code of what happened."""
    try:
        app(args=arguments, prog_name="harness")
    except (HarnessError, DeployError) as error:
        _complain(error)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def _complain(error: HarnessError | DeployError) -> None:
    stderr = Console(stderr=True, soft_wrap=True, highlight=False)
    if isinstance(error, HarnessError) and error.log_tail:
        stderr.print(error.log_tail, style="dim", markup=False)
    stderr.print(f"error: {error}", style="red", markup=False)


if __name__ == "__main__":
    main()
