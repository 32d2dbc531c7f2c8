"""Which plan `harness init` carries out: an example, the minimal one in an empty folder, or files beside a handler."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from deploy.config.sections import SAGEMAKER_NAME
from deploy.core.errors import ConfigurationError
from harness.scaffold.beside_handler import plan_beside_handler
from harness.scaffold.examples import plan_example
from harness.scaffold.looking import look
from harness.scaffold.planned import Plan

MINIMAL = "minimal"
_LONGEST_NAME = 50


@dataclass(frozen=True, kw_only=True)
class Options:
    folder: Path
    example: str | None = None
    handler: Path | None = None
    cases: tuple[str, ...] = ()
    """`FILE[:TYPE]`."""
    name: str | None = None
    """Default: the folder's."""
    with_workflow: bool = False


def plan(options: Options) -> Plan:
    """Raises ConfigurationError when there is nothing to start from, or the options contradict each other."""
    if options.example and (options.handler or options.cases):
        raise ConfigurationError("--example has a handler and cases of its own: leave --handler and --case out")
    name = _checked(options.name) if options.name else _name_of(options.folder)
    if options.example:
        return plan_example(options.folder, options.example, name=name, with_workflow=options.with_workflow)
    seen = look(options.folder)
    if seen.is_empty and not options.handler:
        if options.cases:
            raise ConfigurationError(f"{options.folder} has no handler that --case could be sent to: see --list")
        return plan_example(options.folder, MINIMAL, name=name, with_workflow=options.with_workflow)
    return plan_beside_handler(
        seen, name=name, handler=options.handler, cases=options.cases, with_workflow=options.with_workflow
    )


def _checked(name: str) -> str:
    if not re.fullmatch(SAGEMAKER_NAME, name) or len(name) > _LONGEST_NAME:
        raise ConfigurationError(f"--name {name}: at most {_LONGEST_NAME} letters, digits and hyphens between them")
    return name


def _name_of(folder: Path) -> str:
    """The folder's name as SageMaker takes it."""
    letters = re.sub(r"[^A-Za-z0-9]+", "-", folder.resolve().name)[:_LONGEST_NAME].strip("-")
    return letters or "model"
