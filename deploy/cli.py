"""The command line: `deploy <word>`, where the word is a module and its function.

Results on stdout, progress on stderr.
May not: do any work of its own; it reads arguments, calls, and prints.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from deploy import bundle as bundles
from deploy import config, output
from deploy.bundle import Bundle
from deploy.errors import DeployError
from deploy.output import Format

app = typer.Typer(
    name="deploy",
    help="Bundle, gate, plan and promote a SageMaker asynchronous endpoint. Exit codes: 0 ok, 1 failed or refused, "
    "2 usage or configuration, 4 AWS refused, 124 timed out, 130 interrupted.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

ConfigOption = Annotated[Path, typer.Option("--config", "-c", help="The project file.", metavar="FILE")]
EnvOption = Annotated[
    str | None, typer.Option("--env", "-e", help="Lay [env.NAME] of the project file over it.", metavar="NAME")
]
OutputOption = Annotated[Format, typer.Option("--output", "-o", help="How the result is printed on stdout.")]


@app.callback()
def deploy() -> None:
    """Bundle, gate, plan and promote a SageMaker asynchronous endpoint."""


@app.command()
def bundle(
    config_file: ConfigOption = Path(config.FILE_NAME),
    env: EnvOption = None,
    weights: Annotated[
        str | None,
        typer.Option(
            "--weights",
            "-w",
            help="A state_dict saved by torch.save, or `coco` for torchvision's COCO weights; "
            "default: [model] weights of the project file.",
            metavar="FILE|coco",
        ),
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="Folder for model.tar.gz and its manifest.")] = Path("dist"),
    output_format: OutputOption = Format.TEXT,
) -> None:
    """Pack handler and weights into model.tar.gz: same inputs, same sha256, on every machine."""
    project = config.load(config_file, env)
    if weights is not None:
        project = project.with_weights("coco" if weights == "coco" else Path(weights))
    with output.downloading("COCO weights") as on_progress:
        built = bundles.build(project, out, on_progress=on_progress)
    output.result(output_format, json.loads(built.manifest.to_json()) | {"path": str(built.path)}, _bundle_text(built))


def _bundle_text(built: Bundle) -> str:
    git = built.manifest.git
    commit = git.commit[:12] + (" with uncommitted changes" if git.dirty else "") if git else "none"
    return "\n".join(
        (
            f"files     {len(built.manifest.files)}, {built.size_bytes / 1e6:.1f} MB",
            f"weights   {built.manifest.weights_origin}  sha256 {built.manifest.weights_sha256[:12]}",
            f"handler   sha256 {built.manifest.handler_sha256[:12]}  commit {commit}",
            f"manifest  {built.manifest_path}",
            f"bundle    {built.path}  sha256 {built.sha256}",
        )
    )


def main(arguments: list[str] | None = None) -> None:
    """The console script; ends with the exit code of what happened."""
    try:
        app(args=arguments, prog_name="deploy")
    except DeployError as error:
        output.error(str(error))
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
