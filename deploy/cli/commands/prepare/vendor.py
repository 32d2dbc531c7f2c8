"""Put packages into the bundle, as wheels for the container.

The container installs them whenever it starts, without a network. The command writes wheels/ and requirements.txt into
the handler's folder, and removes packages that were vendored before and are not named again. Dependencies are listed,
not fetched: the image has most of them, and would get a second torch.
"""

from __future__ import annotations

from typing import Annotated

import typer

from deploy import config
from deploy.bundle import vendor as vendoring
from deploy.cli import output
from deploy.cli.options import Format, OutputOption, ProjectOptions


def vendor(
    requirements: Annotated[
        list[str], typer.Argument(help="Packages, as in `av` or `av==18.1.0`; all of them.", metavar="REQUIREMENT")
    ],
    project: ProjectOptions,
    output_format: OutputOption = Format.TEXT,
) -> None:
    done = vendoring.vendor(config.load(project.config, project.env), requirements)
    document = {
        "schema": "rehearsal.vendored/1", "requirements": str(done.requirements),
        "wheels": [str(each) for each in done.wheels], "size_bytes": done.size_bytes, "unmet": list(done.unmet),
    }  # fmt: skip
    lines = [f"{each}  {each.stat().st_size / 1e6:.1f} MB" for each in done.wheels]
    if done.unmet:
        lines.append(f"not fetched: {', '.join(done.unmet)}. The image must have these; if it has not, name them too")
    lines.append(f"{done.requirements} names them: `harness validate` runs what will be shipped")
    output.result(output_format, document, "\n".join(lines))
