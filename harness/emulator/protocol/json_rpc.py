"""awsJson 1.1, the control planes' protocol: `POST /` with X-Amz-Target and a JSON document."""

from __future__ import annotations

import json

from harness.emulator.protocol import faults, json_body, service_models
from harness.emulator.protocol.faults import AwsFault
from harness.emulator.protocol.operations import OperationTable, perform
from harness.emulator.protocol.reply import Reply, reply
from harness.emulator.protocol.shapes import Document

_CONTENT_TYPE = "application/x-amz-json-1.1"


def answer(table: OperationTable, target: str | None, body: bytes) -> Reply:
    """Every fault becomes an AWS-shaped answer; an unexpected error is logged and becomes a 500, or a 503
    where this machine could not store something.
    """
    try:
        return json_reply(_answer(table, target or "", body))
    except AwsFault as fault:
        return json_fault(fault)
    except Exception as error:
        return json_fault(faults.unexpected(str(target), error))


def json_reply(document: object) -> Reply:
    """An answer of None has an empty body, as DeleteEndpoint's has."""
    return reply(200, _CONTENT_TYPE, b"" if document is None else json.dumps(document).encode())


def json_fault(fault: AwsFault) -> Reply:
    return reply(fault.status, _CONTENT_TYPE, json.dumps({"__type": fault.code, "message": fault.message}).encode())


def _answer(table: OperationTable, target: str, body: bytes) -> Document | None:
    prefix, _, name = target.partition(".")
    service = table.service_of(prefix)
    if service is None or service_models.operation(service, name) is None:
        raise faults.unknown_operation(target)
    parameters = json_body.read(body)
    operation = table.find(service, name)
    if operation is None:
        raise faults.unknown_operation(target)
    return perform(operation, parameters)
