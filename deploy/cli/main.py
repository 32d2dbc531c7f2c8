"""Defines the program `deploy`: its commands by name, and its exit codes.

Results go to stdout, progress to stderr. May not: do any work of its own, or import a command that is not called.
"""

from __future__ import annotations

from typing import NoReturn

import typer

from deploy.cli.options.promotion import PromotionOptions
from deploy.cli.program import Section, VersionOption, group, refuse_strayed, run
from deploy.core.errors import RehearsalError

HELP = """Bundle, gate, plan and promote a SageMaker asynchronous endpoint.

Without a command: show the plan; with --promote: carry it out.

Exit codes: 0 ok, 1 failed or refused, 2 usage or configuration, 3 this machine cannot, 4 AWS refused, \
124 timed out, 130 interrupted; of a plan: 0 no changes, 2 changes, 1 error."""

_COMMANDS = "deploy.cli.commands"
SECTIONS = (
    Section(
        "Before", f"{_COMMANDS}.prepare", ("config", "policy", "cost", "keygen", "vendor", "weights", "bundle", "gate")
    ),
    Section(
        "What runs",
        f"{_COMMANDS}.endpoint",
        ("status", "invoke", "smoke", "logs", "replay", "releases", "drift", "verify"),
    ),
    Section("Finish, undo", f"{_COMMANDS}.promotion", ("resume", "rollback", "destroy", "expire")),
)


def deploy(context: typer.Context, options: PromotionOptions, version: VersionOption = False) -> None:  # noqa: ARG001
    """Show what would change; with --promote, do it."""
    if context.invoked_subcommand is not None:
        refuse_strayed(context)
    elif options.promote:
        from deploy.cli.commands.promotion.promote import promote

        promote(options)
    else:
        from deploy.cli.commands.promotion.plan import plan

        plan(options)


ELSEWHERE = {
    "plan": "the plan is `deploy` without a command, with the same options",
    "apply": "a plan is carried out by `deploy --promote`, with the same options",
    "promote": "promotion is `deploy --promote`, with the same options",
}
app = group("deploy", HELP, SECTIONS, deploy, runs_alone=True, is_program=True, elsewhere=ELSEWHERE)


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the console script, and exit with the code of the result."""
    run(app, "deploy", arguments, _print_error)


def _print_error(error: RehearsalError) -> None:
    from deploy.cli import output

    output.error(str(error))
