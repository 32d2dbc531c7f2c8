"""Commands that make what is rehearsed and promoted: vendor, bundle."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from deploy import bundle as bundles
from deploy import config
from deploy.bundle import Bundle, vendor
from deploy.cli import output
from deploy.cli.options import ConfigOption, EnvOption, OutputOption
from deploy.cli.output import Format

_CONFIG = Path(config.FILE_NAME)


def add_to(app: typer.Typer) -> None:
    commands: dict[str, Callable[..., None]] = {"vendor": _vendor, "bundle": _bundle}
    for name, command in commands.items():
        app.command(name)(command)


def _vendor(
    requirements: Annotated[
        list[str], typer.Argument(help="Packages, as in `av` or `av==18.1.0`; all of them.", metavar="REQUIREMENT")
    ],
    config_file: ConfigOption = _CONFIG,
    env: EnvOption = None,
    output_format: OutputOption = Format.TEXT,
) -> None:
    """Put packages into the bundle, as wheels for the container.

    It installs them whenever it starts, without a network. Writes wheels/ and requirements.txt into the handler's
    folder; what was vendored before and is not named again is removed. What a package requires in turn is listed, not
    fetched: the image has most of it, and would get a second torch.
    """
    done = vendor.vendor(config.load(config_file, env), requirements)
    document = {
        "schema": "rehearsal.vendored/1", "requirements": str(done.requirements),
        "wheels": [str(each) for each in done.wheels], "size_bytes": done.size_bytes, "unmet": list(done.unmet),
    }  # fmt: skip
    lines = [f"{each}  {each.stat().st_size / 1e6:.1f} MB" for each in done.wheels]
    if done.unmet:
        lines.append(f"not fetched: {', '.join(done.unmet)}. The image must have these; if it has not, name them too")
    lines.append(f"{done.requirements} names them: `harness validate` runs what will be shipped")
    output.result(output_format, document, "\n".join(lines))


def _bundle(
    config_file: ConfigOption = _CONFIG,
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
    out: Annotated[Path, typer.Option("--out", help="Folder for model.tar.gz and its manifest.", metavar="DIR")] = Path(
        "dist"
    ),
    output_format: OutputOption = Format.TEXT,
) -> None:
    """Pack handler and weights into model.tar.gz.

    The same inputs give the same sha256 on every machine.
    """
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
