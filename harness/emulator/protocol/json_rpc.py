"""The two protocols: how a request becomes parameters and how an answer or a fault becomes bytes.

awsJson 1.1 for the control planes (`POST /` with X-Amz-Target), rest-json for the runtime (paths and headers). Member
locations come from botocore's models.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.model import OperationModel, StructureShape

from harness.emulator.protocol import faults, service_models
from harness.emulator.protocol.faults import AwsFault

JSON_CONTENT_TYPE = "application/x-amz-json-1.1"
_ERROR_TYPE_SUFFIX = ":http://internal.amazon.com/coral/com.amazon.sagemaker/"


@dataclass(frozen=True)
class Call:
    """One operation of one service with what the caller sent."""

    service: str
    operation: OperationModel
    parameters: Mapping[str, Any]


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes


def json_call(target: str | None, body: bytes) -> Call:
    """Raises AwsFault for an unknown target or a body that is no JSON object."""
    prefix, _, name = (target or "").partition(".")
    service = service_models.JSON_SERVICES.get(prefix)
    operation = None if service is None else service_models.operation(service, name)
    if service is None or operation is None:
        raise faults.unknown_operation(target or "")
    return Call(service, operation, _json_object(body))


def _json_object(body: bytes) -> dict[str, Any]:
    if not body:
        return {}
    try:
        document = _without_nulls(json.loads(body, parse_constant=_no_constant))
    except (ValueError, RecursionError):
        raise faults.unreadable("The request body is not JSON.") from None
    if not isinstance(document, dict):
        raise faults.unreadable("The request body is not a JSON object.")
    return document


def _no_constant(name: str) -> object:
    """Python would read NaN and Infinity, which JSON does not have."""
    raise ValueError(name)


def _without_nulls(value: object) -> object:
    """A member that is null is a member that is absent."""
    if isinstance(value, dict):
        return {name: _without_nulls(inner) for name, inner in value.items() if inner is not None}
    return [_without_nulls(inner) for inner in value] if isinstance(value, list) else value


def rest_parameters(
    operation: OperationModel, uri_labels: Mapping[str, str], headers: Mapping[str, str], body: bytes
) -> dict[str, Any]:
    """The members of a rest-json request: labels, headers (`headers` has lower-case names) and the raw payload."""
    shape = operation.input_shape
    if not isinstance(shape, StructureShape):
        return {}
    found: dict[str, Any] = {}
    for name, member in shape.members.items():
        location = member.serialization.get("location")
        wire_name = member.serialization.get("name", name)
        if location == "uri":
            found[name] = uri_labels[wire_name]
        elif location == "header" and wire_name.lower() in headers:
            found[name] = _header_value(member.type_name, headers[wire_name.lower()], name)
    payload = shape.serialization.get("payload")
    if payload is not None:
        found[payload] = body
    return found


def _header_value(type_name: str, text: str, name: str) -> object:
    if type_name != "integer":
        return text
    try:
        return int(text)
    except ValueError:
        raise faults.runtime_invalid(
            f"1 validation error detected: Value '{text[:64]}' at '{name[0].lower()}{name[1:]}' failed to satisfy"
            " constraint: Member must be an integer"
        ) from None


def json_reply(document: object) -> Reply:
    """An empty answer has an empty body, as DeleteEndpoint's."""
    body = b"" if document is None else json.dumps(document).encode()
    return Reply(200, _headers(JSON_CONTENT_TYPE), body)


def json_fault(fault: AwsFault) -> Reply:
    body = json.dumps({"__type": fault.code, "message": fault.message}).encode()
    return Reply(fault.status, _headers(JSON_CONTENT_TYPE), body)


def rest_reply(status: int, headers: Mapping[str, str | None], body: bytes, *, content_type: str) -> Reply:
    known = {name: value for name, value in headers.items() if value is not None}
    return Reply(status, {**_headers(content_type), **known}, body)


def rest_fault(fault: AwsFault) -> Reply:
    document: dict[str, Any] = {"Message": fault.message}
    if fault.detail is not None:
        document = {"ErrorCode": fault.detail, **document}
    if fault.original is not None:
        document |= {
            "OriginalStatusCode": fault.original.status,
            "OriginalMessage": fault.original.message,
            "LogStreamArn": fault.original.log_stream_arn,
        }
    headers = {**_headers("application/json"), "x-amzn-ErrorType": fault.code + _ERROR_TYPE_SUFFIX}
    return Reply(fault.status, headers, json.dumps(document).encode())


def _headers(content_type: str) -> dict[str, str]:
    return {"Content-Type": content_type, "x-amzn-RequestId": str(uuid.uuid4())}
