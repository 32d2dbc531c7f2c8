"""Show every effective setting."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from deploy.cli import output
from deploy.cli.options import Format, OutputOption, ProjectOptions
from deploy.config import origin
from deploy.config.toml_schema import toml_schema


def config(
    project: ProjectOptions,
    with_origin: Annotated[bool, typer.Option("--origin", help="Say where each value comes from.")] = False,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema of the file instead.")] = False,
    output_format: OutputOption = Format.TEXT,
) -> None:
    if schema:
        typer.echo(json.dumps(toml_schema(), indent=2))
        return
    values = origin.values(project.config, project.env)
    document = {"schema": "rehearsal.config/1", "values": [asdict(each) for each in values]}
    settings_now = [f"{each.key} = {_toml(each.value)}" for each in values]
    width = max(len(each) for each in settings_now)
    lines = [
        f"{said:<{width}}  # {each.origin}" if with_origin else said
        for said, each in zip(settings_now, values, strict=True)
    ]
    output.result(output_format, document, "\n".join(lines))


def _toml(value: object) -> str:
    """Write a value as TOML, which has no word for a setting that is not set."""
    return "(not set)" if value is None else json.dumps(value, ensure_ascii=False)
