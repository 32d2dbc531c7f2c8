"""Defines the options of `deploy` without a command, which shows the plan or carries it out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from deploy.cli.options.choices import Format
from deploy.cli.options.shared import EndpointOptions, GateOptions, OutputOption, YesOption


@dataclass(frozen=True, kw_only=True)
class PromotionOptions:
    promote: Annotated[bool, typer.Option("--promote", help="Carry the plan out, if the evidence allows it.")] = False
    endpoint: EndpointOptions
    gates: GateOptions
    out: Annotated[Path | None, typer.Option("--out", help="Keep the plan in this file.", metavar="FILE")] = None
    reviewed: Annotated[
        Path | None,
        typer.Option("--plan", help="Promote only if the plan is still the one in this file.", metavar="FILE"),
    ] = None
    yes: YesOption = False
    output_format: OutputOption = Format.TEXT
