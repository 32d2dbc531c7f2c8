"""rest-json, SageMaker Runtime's protocol: path labels, headers and a raw payload, as botocore's models locate them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from botocore.model import OperationModel, Shape, StructureShape

from harness.emulator.protocol import faults, service_models
from harness.emulator.protocol.faults import AwsFault
from harness.emulator.protocol.operations import Operation, perform
from harness.emulator.protocol.reply import Reply, reply
from harness.emulator.protocol.shapes import Document

_ERROR_TYPE_SUFFIX = ":http://internal.amazon.com/coral/com.amazon.sagemaker/"
_CONTENT_TYPE = "application/json"
# Python reads more than AWS: underscores, blanks and the digits of every script.
_INTEGER = re.compile(r"[+-]?[0-9]{1,20}")


@dataclass(frozen=True)
class Route:
    """An operation with the method and path of its model; `pieces` keeps labels as `{Label}`."""

    operation: Operation
    method: str
    pieces: tuple[str, ...]

    def labels(self, method: str, pieces: tuple[str, ...]) -> Mapping[str, str] | None:
        """Return the values of the labels in a path, or None when the path does not match."""
        if method != self.method or len(pieces) != len(self.pieces):
            return None
        pairs = list(zip(self.pieces, pieces, strict=True))
        if any(mine != theirs for mine, theirs in pairs if not mine.startswith("{")):
            return None
        return {mine.strip("{}"): theirs for mine, theirs in pairs if mine.startswith("{")}

    @property
    def longest_body_bytes(self) -> int:
        """The largest payload that the model allows."""
        shape = _payload(self.operation.model)
        return 0 if shape is None else int(shape.metadata["max"])


def routes(operations: Iterable[Operation]) -> tuple[Route, ...]:
    """Return the routes of the operations whose service uses rest-json."""
    spoken = [each for each in operations if service_models.protocol(each.service) == "rest-json"]
    return tuple(
        Route(each, each.model.http["method"], tuple(each.model.http["requestUri"].strip("/").split("/")))
        for each in spoken
    )


def answer(operation: Operation, labels: Mapping[str, str], headers: Mapping[str, str], body: bytes) -> Reply:
    """`headers` has lower-case names. Every fault becomes an AWS-shaped answer; an unexpected error is logged and
    becomes a 500, or a 503 where this machine could not store something.
    """
    try:
        parameters = rest_parameters(operation.model, labels, headers, body)
        return rest_reply(operation.model, perform(operation, parameters) or {})
    except AwsFault as fault:
        return rest_fault(fault)
    except Exception as error:
        return rest_fault(faults.unexpected(f"{operation.name} of {dict(labels)}", error))


def rest_parameters(
    operation: OperationModel, labels: Mapping[str, str], headers: Mapping[str, str], body: bytes
) -> Document:
    """Read the members of a request from labels, headers (with lower-case names) and the raw payload."""
    shape = operation.input_shape
    if not isinstance(shape, StructureShape):
        return {}
    found: Document = {}
    for name, member in shape.members.items():
        location = member.serialization.get("location")
        wire_name = member.serialization.get("name", name)
        if location == "uri":
            found[name] = labels[wire_name]
        elif location == "header" and wire_name.lower() in headers:
            found[name] = _header_value(member.type_name, headers[wire_name.lower()], name)
    payload = shape.serialization.get("payload")
    if payload is not None:
        found[payload] = body
    return found


def rest_reply(operation: OperationModel, document: Document) -> Reply:
    """Place the members of `document` where the model's output locates them, without those that are None."""
    shape = operation.output_shape
    members = shape.members if isinstance(shape, StructureShape) else {}
    headers = {
        member.serialization["name"]: document[name]
        for name, member in members.items()
        if member.serialization.get("location") == "header" and document.get(name) is not None
    }
    payload = None if shape is None else shape.serialization.get("payload")
    inside = {name: value for name, value in document.items() if "location" not in members[name].serialization}
    body = document[payload] if payload is not None else json.dumps(inside).encode()
    return reply(operation.http.get("responseCode", 200), _CONTENT_TYPE, body, headers)


def rest_fault(fault: AwsFault) -> Reply:
    document: Document = {"Message": fault.message}
    if fault.detail is not None:
        document = {"ErrorCode": fault.detail, **document}
    if fault.original is not None:
        document |= {
            "OriginalStatusCode": fault.original.status,
            "OriginalMessage": fault.original.message,
            "LogStreamArn": fault.original.log_stream_arn,
        }
    error_type = {"x-amzn-ErrorType": fault.code + _ERROR_TYPE_SUFFIX}
    return reply(fault.status, _CONTENT_TYPE, json.dumps(document).encode(), error_type)


def _payload(operation: OperationModel) -> Shape | None:
    shape = operation.input_shape
    name = None if shape is None else shape.serialization.get("payload")
    return shape.members[name] if name is not None and isinstance(shape, StructureShape) else None


def _header_value(type_name: str, text: str, name: str) -> object:
    if type_name != "integer":
        return text
    try:
        return int(text) if _INTEGER.fullmatch(text) else int("")
    except ValueError:
        raise faults.runtime_invalid(
            f"1 validation error detected: Value '{text[:64]}' at '{name[0].lower()}{name[1:]}' failed to satisfy"
            " constraint: Member must be an integer"
        ) from None
