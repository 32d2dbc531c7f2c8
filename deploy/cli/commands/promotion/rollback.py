"""Go back to a release that served before, at once.

Its answer is compared with its rehearsal report where this machine has that, or --evidence names it.
"""

from __future__ import annotations

import json
from typing import Annotated

import typer

from deploy.cli import output
from deploy.cli.options import Format, JudgedEndpointOptions, OutputOption, YesOption
from deploy.cli.session import Session, open_session, resume_state
from deploy.core.errors import AwsRefused, LockLost, TimedOut
from deploy.promote import rollback as going_back
from deploy.promote.rollback import RolledBack


def rollback(
    *,
    release: Annotated[
        str | None, typer.Argument(help="Id or its beginning; default: the one before.", metavar="RELEASE")
    ] = None,
    yes: YesOption = False,
    endpoint: JudgedEndpointOptions,
    output_format: OutputOption = Format.TEXT,
) -> None:
    work = open_session(endpoint)
    with resume_state.alone(work):
        chosen = going_back.choose(work.rollback_request(release), work.clients).release
        where = f"{work.project.endpoint_name} in account {work.account}"
        back_to = f"release {chosen.release} of {chosen.created:%Y-%m-%d %H:%M}Z"
        output.require_yes(f"Roll {where} back to {back_to}?", yes=yes, otherwise="not rolled back")
        output.note(f"{where}: back to {back_to}")
        done = _rolled_back(work, chosen.release)
    answered = (
        "and answers as it did when it was rehearsed"
        if done.compared
        else "and answers; no evidence of its rehearsal is here to compare with (--evidence FILE)"
    )
    text = f"release {done.release.release} serves as {done.release.endpoint_name} again, {answered}"
    output.result(output_format, json.loads(done.release.model_dump_json()) | {"compared": done.compared}, text)


def _rolled_back(work: Session, release: str) -> RolledBack:
    try:
        return going_back.rollback(
            work.rollback_request(release), work.clients, ledger=work.ledger, on_step=output.step, clock=work.clock
        )
    except (AwsRefused, LockLost, TimedOut, KeyboardInterrupt):
        output.note(f"interrupted: `deploy rollback {release}{work.options.words}` again goes on from here")
        raise
