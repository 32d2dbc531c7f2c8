"""Show what a promotion would change: `deploy` without a command.

Exit codes: 0 no changes, 1 error, 2 changes.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import typer

from deploy.cli import output
from deploy.cli.commands.promotion.planning import make_plan
from deploy.cli.options.promotion import PromotionOptions
from deploy.cli.output import rendering
from deploy.cli.session import open_session
from deploy.core.errors import RehearsalError
from deploy.plan import plan as plans

# The codes are those of `terraform plan -detailed-exitcode`: errors end with 1 here, since 2 means changes.
CHANGES = 2


def plan(options: PromotionOptions) -> None:
    work = open_session(options.endpoint, options.gates)
    try:
        planned, outlook = make_plan(work)
    except RehearsalError as error:
        output.error(str(error))
        raise typer.Exit(1) from error
    if options.out is not None:
        plans.write(options.out, planned)
    document: dict[str, Any] = json.loads(planned.to_json()) | asdict(outlook)
    text = rendering.plan(planned, work.project, outlook, words=work.options.words)
    output.result(options.output_format, document, text)
    raise typer.Exit(CHANGES if planned.changes else 0)
