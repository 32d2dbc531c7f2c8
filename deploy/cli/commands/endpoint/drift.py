"""Compare what is deployed with the release record.

Exit codes: 0 both agree, 1 they differ.
"""

from __future__ import annotations

import typer

from deploy.cli import output
from deploy.cli.options import EndpointOptions, Format, OutputOption
from deploy.cli.session import open_session
from deploy.plan.drift import drift as compare


def drift(endpoint: EndpointOptions, output_format: OutputOption = Format.TEXT) -> None:
    work = open_session(endpoint)
    found = compare(work.clients, work.store, work.monitoring)
    noun = "difference" if len(found) == 1 else "differences"
    text = "\n".join([*found, f"{len(found)} {noun}; `deploy --promote{work.options.words}` sets right what it can"])
    document = {"schema": "rehearsal.drift/1", "differences": list(found)}
    output.result(output_format, document, text if found else "No drift: what is deployed is what was recorded.")
    if found:
        raise typer.Exit(1)
