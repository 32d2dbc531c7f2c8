"""Make a state_dict of a training checkpoint.

The checkpoint's own code is not run and nothing that it names is imported: optimizers, arguments and other objects are
left out, prefixes of DataParallel and torch.compile are removed from the names.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deploy.bundle.weights import checkpoints
from deploy.cli import output
from deploy.cli.options import Format, OutputOption


def weights(
    file: Annotated[Path, typer.Argument(help="A file of torch.save.", metavar="FILE")],
    key: Annotated[
        str | None,
        typer.Option("--key", "-k", help="Where the state_dict lies, as in model_ema or ckpt.model.", metavar="KEY"),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Default: FILE with the ending .state_dict.pth.", metavar="FILE")
    ] = None,
    output_format: OutputOption = Format.TEXT,
) -> None:
    made = checkpoints.convert(file, key, out or file.with_suffix(".state_dict.pth"))
    document = {
        "schema": "rehearsal.weights/1", "path": str(made.path), "key": made.key, "tensors": made.tensors,
        "prefix": made.prefix,
    }  # fmt: skip
    place = f" at {made.key}" if made.key else ""
    removed = f", without the prefix {made.prefix}" if made.prefix else ""
    lines = (
        f"{made.path}  {made.tensors} tensors of {file}{place}{removed}",
        f'name it with [model] weights = "{made.path}", or --weights',
    )
    output.result(output_format, document, "\n".join(lines))
