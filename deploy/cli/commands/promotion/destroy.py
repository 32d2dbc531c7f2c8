"""Commands that take back what was deployed: rollback, destroy, expire."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Annotated

import typer

from deploy.apply import ledger_copies
from deploy.aws import describe
from deploy.cli import output, resume_state
from deploy.cli.options import (
    OutputOption,
    YesOption,
    on_session,
    require_yes,
)
from deploy.cli.output import Format
from deploy.cli.session import Session
from deploy.core.errors import AwsRefused, LockLost, TimedOut
from deploy.promote import destroy as destruction
from deploy.promote import expire, rollback
from deploy.promote.rollback import RolledBack


def add_to(app: typer.Typer) -> None:
    commands: dict[str, Callable[..., None]] = {"rollback": _rollback, "destroy": _destroy, "expire": _expire}
    for name, command in commands.items():
        app.command(name)(command)


@on_session(judging=True)
def _rollback(
    work: Session,
    release: Annotated[
        str | None, typer.Argument(help="Id or its beginning; default: the one before.", metavar="RELEASE")
    ] = None,
    yes: YesOption = False,
    output_format: OutputOption = Format.TEXT,
) -> None:
    """Go back to a release that served before, at once.

    Its answer is judged by the evidence of its rehearsal where this machine has that, or --evidence names it.
    """
    with resume_state.alone(work):
        chosen = rollback.choose(work.rollback_request(release), work.clients).release
        where = f"{work.project.endpoint_name} in account {work.account}"
        back_to = f"release {chosen.release} of {chosen.created:%Y-%m-%d %H:%M}Z"
        require_yes(f"Roll {where} back to {back_to}?", yes=yes, otherwise="not rolled back")
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
        return rollback.rollback(
            work.rollback_request(release), work.clients, ledger=work.ledger, on_step=output.step, clock=work.clock
        )
    except (AwsRefused, LockLost, TimedOut, KeyboardInterrupt):
        output.note(f"interrupted: `deploy rollback {release}{work.options.words}` again goes on from here")
        raise


@on_session()
def _destroy(
    work: Session,
    purge: Annotated[
        bool,
        typer.Option(
            "--purge",
            help="Delete data too: the bucket if `deploy` made it, else its bundles and release records there.",
        ),
    ] = False,
    yes: YesOption = False,
    output_format: OutputOption = Format.TEXT,
) -> None:
    """Delete what was created for this endpoint; data with --purge only."""
    with resume_state.locked(work) as hold:
        ledger_copies.join(work.clients, work.store, work.ledger)
        going, staying = destruction.divided(work.ledger.owned(), purge=purge)
        output.note("\n".join(f"  - {each.kind:<15} {each.name}" for each in going) or "nothing is left to destroy")
        for each in staying:
            output.note(f"    {each.kind:<15} {each.name}  (data, stays; --purge deletes it)")
        if going:
            question = f"Delete these {len(going)} in account {work.account}?"
            require_yes(question, yes=yes, otherwise="not destroyed")
        done = destruction.destroy(
            work.ledger, work.clients, on_step=output.step, clock=work.clock, purge=purge, hold=hold
        )
        resume_state.forget(work)
        kept = [*done.kept, *_after_destroying(work, purge=purge)]
    document = {"schema": "rehearsal.destroyed/1", "deleted": list(done.deleted), "kept": kept}
    said = f", with data kept: {', '.join(kept)}{'' if purge else ' (--purge deletes it)'}" if kept else ""
    output.result(output_format, document, f"{len(done.deleted)} deleted{said}")


def _after_destroying(work: Session, *, purge: bool) -> list[str]:
    """What stays in a bucket that something else made, and may be others' too: requests and their results."""
    if purge and not destruction.purge_records(work.clients, work.store):
        return []
    if not purge:
        if describe.bucket_region(work.clients, work.store.bucket) is not None:
            ledger_copies.keep(work.clients, work.store, work.ledger)
        return []
    storage = work.project.storage
    return [f"s3://{work.store.bucket}/{prefix}/" for prefix in (storage.input, storage.output, storage.failure)]


@on_session()
def _expire(
    work: Session,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say which.")] = False,
    output_format: OutputOption = Format.TEXT,
) -> None:
    """Delete every endpoint past its end, [rollout] ttl_hours.

    All of the region, whoever promoted them.
    """
    if dry_run:
        found = expire.expired(work.clients, work.clock.today())
    else:
        found = expire.expire(
            work.clients, ledger=work.ledger, account=work.account, on_step=output.step, clock=work.clock
        )
    document = {
        "schema": "rehearsal.expired/1",
        "deleted": not dry_run,
        "endpoints": [{"endpoint_name": each.endpoint_name, "since": each.since.isoformat()} for each in found],
    }
    said = [f"{each.endpoint_name}, since {each.since:%Y-%m-%d %H:%M}" for each in found]
    output.result(output_format, document, "\n".join(said) or "no endpoint has expired")
