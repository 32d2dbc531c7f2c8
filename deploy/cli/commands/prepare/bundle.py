"""Pack handler and weights into model.tar.gz.

The same inputs give the same sha256 on every machine.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from deploy import bundle as bundles
from deploy import config
from deploy.bundle import Bundle
from deploy.cli import output
from deploy.cli.options import Format, OutputOption, PackedProjectOptions


def bundle(
    project: PackedProjectOptions,
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
    read = config.load(project.config, project.env)
    read = read.without_packages() if project.without_packages else read
    if weights is not None:
        read = read.with_weights("coco" if weights == "coco" else Path(weights))
    with output.downloading("COCO weights") as on_progress:
        built = bundles.build(read, out, on_progress=on_progress)
    output.result(output_format, json.loads(built.manifest.to_json()) | {"path": str(built.path)}, _text(built))


# Weights that a handler finds with model_dir lie in the root.
_WEIGHTS = (".pth", ".pt", ".safetensors", ".onnx", ".ckpt")


def _with_the_handler(built: Bundle) -> Iterator[str]:
    for file in built.manifest.files:
        if file.path.startswith("code/") and file.path.endswith(_WEIGHTS):
            yield (
                f"note      {file.path} lies with the handler, and model_fn is given the root: name it with "
                "[model] data, in a folder of its own"
            )


def _text(built: Bundle) -> str:
    git = built.manifest.git
    commit = git.commit[:12] + (" with uncommitted changes" if git.dirty else "") if git else "none"
    packages = [f"{name} {version}" for name, version in built.manifest.packages.items()]
    return "\n".join(
        (
            f"files     {len(built.manifest.files)}, {built.size_bytes / 1e6:.1f} MB",
            f"weights   {built.manifest.weights_origin}  sha256 {built.manifest.weights_sha256[:12]}",
            f"packages  {', '.join(packages) or 'none'}",
            *_with_the_handler(built),
            f"handler   sha256 {built.manifest.handler_sha256[:12]}  commit {commit}",
            f"manifest  {built.manifest_path}",
            f"bundle    {built.path}  sha256 {built.sha256}",
        )
    )
