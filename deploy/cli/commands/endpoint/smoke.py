"""Send the smoke request to the endpoint and judge its answer.

Where this machine has the rehearsal report of the release in service, the answer must match it; otherwise any answer
passes.
"""

from __future__ import annotations

from dataclasses import asdict

import typer

from deploy import releases
from deploy.cli import output
from deploy.cli.options import Format, JudgedEndpointOptions, OutputOption, TimeoutOption
from deploy.cli.session import open_session
from deploy.plan.status import require_endpoint
from deploy.promote import smoke as smokes


def smoke(
    *, timeout_seconds: TimeoutOption = 1800, endpoint: JudgedEndpointOptions, output_format: OutputOption = Format.TEXT
) -> None:
    work = open_session(endpoint)
    require_endpoint(work.clients, work.project.endpoint_name)
    pointed = releases.current(work.clients, work.store)
    probe = work.probe_of(pointed[1]) if pointed else smokes.probe(work.project, ())
    result = smokes.smoke(work.clients, work.destination, probe, timeout_seconds=timeout_seconds, clock=work.clock)
    good = "the answer of the rehearsal" if probe.expected else "an answer, with no rehearsal here to compare it with,"
    said = result.problem or f"{good} after {result.seconds:g} s"
    output.result(output_format, {"schema": "rehearsal.smoke/1", **asdict(result)}, f"{probe.file.name}: {said}")
    if not result.passed:
        raise typer.Exit(1)
