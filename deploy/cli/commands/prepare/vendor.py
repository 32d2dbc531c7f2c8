"""Put packages into the bundle, as wheels for the container.

The container installs them whenever it starts, without a network. The command writes wheels/ and requirements.txt into
the handler's folder, and removes packages that were vendored before and are not named again. Dependencies are listed,
not fetched: the image has most of them, and would get a second torch. Bounds that the image's torch does not meet are
an error, unless --no-deps removes them.
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
    no_deps: Annotated[
        bool,
        typer.Option("--no-deps", help="Install them whatever versions of their dependencies the image has."),
    ] = False,
    output_format: OutputOption = Format.TEXT,
) -> None:
    done = vendoring.vendor(config.load(project.config, project.env), requirements, no_deps=no_deps)
    document = {
        "schema": "rehearsal.vendored/1", "requirements": str(done.requirements),
        "wheels": [str(each) for each in done.wheels], "size_bytes": done.size_bytes, "unmet": list(done.unmet),
        "removed": done.removed, "refusal": done.refusal,
    }  # fmt: skip
    lines = [f"{each}  {each.stat().st_size / 1e6:.1f} MB" for each in done.wheels]
    if done.unmet:
        lines.append(f"not fetched: {', '.join(done.unmet)}. The image must have these; if it has not, name them too")
    if done.removed and done.unmet:
        lines.append("pip does not look for these: whether the packages work without them, only running them shows")
    if done.refusal:
        lines.append(
            f"pip would not install them on this machine: {done.refusal}. Where the image is like this one, its"
        )
        lines.append(
            "container would not start: name what is missing too, or add --no-deps if the packages need it not"
        )
    lines.append(f"{done.requirements} names them: `harness validate` runs what will be shipped")
    output.result(output_format, document, "\n".join(lines))
