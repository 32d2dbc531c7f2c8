"""Show the release in service, the waiting requests and the cost."""

from __future__ import annotations

from dataclasses import asdict

from deploy.cli import output
from deploy.cli.options import EndpointOptions, Format, OutputOption
from deploy.cli.output import rendering
from deploy.cli.session import open_session, resume_state
from deploy.plan.status import status as look


def status(endpoint: EndpointOptions, output_format: OutputOption = Format.TEXT) -> None:
    work = open_session(endpoint)
    found = look(work.clients, work.project.endpoint_name, work.store, work.price, work.clock.today())
    document = {"schema": "rehearsal.status/1", **asdict(found), "created": found.created.isoformat()}
    if unfinished := resume_state.unfinished(work):
        output.note(f"{unfinished}; if nobody is at it, `deploy resume{work.options.words}` goes on")
    output.result(output_format, document, rendering.status(found, work.price))
