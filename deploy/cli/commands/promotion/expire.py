"""Delete every endpoint past its end, [rollout] ttl_hours.

It deletes all such endpoints of the region, those of other people too.
"""

from __future__ import annotations

from typing import Annotated

import typer

from deploy.cli import output
from deploy.cli.options import EndpointOptions, Format, OutputOption
from deploy.cli.session import open_session
from deploy.promote import expire as expiring


def expire(
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say which.")] = False,
    endpoint: EndpointOptions,
    output_format: OutputOption = Format.TEXT,
) -> None:
    work = open_session(endpoint)
    if dry_run:
        found = expiring.expired(work.clients, work.clock.today())
    else:
        found = expiring.expire(
            work.clients, ledger=work.ledger, account=work.account, on_step=output.step, clock=work.clock
        )
    document = {
        "schema": "rehearsal.expired/1",
        "deleted": not dry_run,
        "endpoints": [{"endpoint_name": each.endpoint_name, "since": each.since.isoformat()} for each in found],
    }
    said = [f"{each.endpoint_name}, since {each.since:%Y-%m-%d %H:%M}" for each in found]
    output.result(output_format, document, "\n".join(said) or "no endpoint has expired")
