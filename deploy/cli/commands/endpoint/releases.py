"""List the releases of the endpoint, newest first, and the one in service."""

from __future__ import annotations

import json

from deploy import releases as records
from deploy.cli import output
from deploy.cli.options import EndpointOptions, Format, OutputOption
from deploy.cli.output import rendering
from deploy.cli.session import open_session
from deploy.core.errors import ConfigurationError
from deploy.releases import Unreadable, readable


def releases(endpoint: EndpointOptions, output_format: OutputOption = Format.TEXT) -> None:
    work = open_session(endpoint)
    found = records.releases(work.clients, work.store)
    pointed, problem = None, ""
    try:
        pointed = records.pointed(work.clients, work.store)
    except ConfigurationError as error:
        problem = str(error)
    in_service = pointed.record if pointed else None
    document = {
        "schema": "rehearsal.releases/1",
        "in_service": in_service,
        "releases": [json.loads(each.release.model_dump_json()) | {"record": each.key} for each in readable(found)],
        "unreadable": [
            {"record": each.key, "release": each.release, "reason": each.reason}
            for each in found
            if isinstance(each, Unreadable)
        ],
    }
    if problem:
        output.note(f"which one is in service is not known: {problem}")
    output.result(output_format, document, rendering.releases(found, in_service))
