"""Delete what was created for this endpoint; data with --purge only."""

from __future__ import annotations

from typing import Annotated

import typer

from deploy.apply import ledger_copies
from deploy.aws import describe
from deploy.cli import output
from deploy.cli.options import EndpointOptions, Format, OutputOption, YesOption
from deploy.cli.session import Session, open_session, resume_state
from deploy.promote import destroy as destruction


def destroy(
    *,
    purge: Annotated[
        bool,
        typer.Option(
            "--purge",
            help="Delete data too: the bucket if `deploy` made it, else its bundles and release records there.",
        ),
    ] = False,
    yes: YesOption = False,
    endpoint: EndpointOptions,
    output_format: OutputOption = Format.TEXT,
) -> None:
    work = open_session(endpoint)
    with resume_state.locked(work) as hold:
        ledger_copies.join(work.clients, work.store, work.ledger)
        going, staying = destruction.divided(work.ledger.owned(), purge=purge)
        output.note("\n".join(f"  - {each.kind:<15} {each.name}" for each in going) or "nothing is left to destroy")
        for each in staying:
            output.note(f"    {each.kind:<15} {each.name}  (data, stays; --purge deletes it)")
        if going:
            question = f"Delete these {len(going)} in account {work.account}?"
            output.require_yes(question, yes=yes, otherwise="not destroyed")
        done = destruction.destroy(
            work.ledger, work.clients, on_step=output.step, clock=work.clock, purge=purge, hold=hold
        )
        resume_state.forget(work)
        kept = [*done.kept, *_after_destroying(work, purge=purge)]
    document = {"schema": "rehearsal.destroyed/1", "deleted": list(done.deleted), "kept": kept}
    said = f", with data kept: {', '.join(kept)}{'' if purge else ' (--purge deletes it)'}" if kept else ""
    output.result(output_format, document, f"{len(done.deleted)} deleted{said}")


def _after_destroying(work: Session, *, purge: bool) -> list[str]:
    """Tell what stays in a bucket that something else created and others may use: requests and their results."""
    if purge and not destruction.purge_records(work.clients, work.store):
        return []
    if not purge:
        if describe.bucket_region(work.clients, work.store.bucket) is not None:
            ledger_copies.keep(work.clients, work.store, work.ledger)
        return []
    storage = work.project.storage
    return [f"s3://{work.store.bucket}/{prefix}/" for prefix in (storage.input, storage.output, storage.failure)]
