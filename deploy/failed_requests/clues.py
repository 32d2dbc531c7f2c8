"""Reads what an S3 URI or a saved notification tells about a request. May not: call AWS.

AWS's developer guide describes notifications ("Check prediction results"). A saved one is the message itself, or the
message in an envelope of SNS, of SQS, or of a Lambda event.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from deploy.core.errors import ConfigurationError
from deploy.failed_requests.failures import status_in

_ENVELOPES = ("Sns", "Message", "body", "Body")
_COLLECTIONS = ("Records", "Messages")


@dataclass(frozen=True)
class Places:
    """The places of an endpoint's data, each `s3://bucket/prefix`."""

    endpoint_name: str
    input_url: str
    output_url: str
    failure_url: str


@dataclass(frozen=True)
class Clues:
    """What is known about a request; None for what the URI or notification does not tell."""

    source: str
    failure_url: str | None = None
    failure_body: bytes | None = None
    input: str | None = None
    """An S3 URI, or a file of this machine."""
    inference_id: str | None = None
    content_type: str | None = None
    accept: str | None = None
    status: int | None = None
    at: datetime | None = None
    """The time of the failure."""


def of_uri(uri: str, places: Places) -> Clues:
    """Read a URI. Raises ConfigurationError when it is neither a failure nor an input of this endpoint."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    if not uri.startswith("s3://") or not bucket or not key or key.endswith("/"):
        raise ConfigurationError(f"{uri} is not the URI of an object: write s3://bucket/key")
    if uri.startswith(f"{places.failure_url}/"):
        return Clues(uri, failure_url=uri)
    if uri.startswith(f"{places.output_url}/"):
        raise ConfigurationError(f"{uri} is an answer: that request did not fail. Name its input to run it again")
    if uri.startswith(f"{places.input_url}/sent/"):
        raise ConfigurationError(f"{uri} is a note about a request: name the failure object or the input")
    if uri.startswith(f"{places.input_url}/"):
        return Clues(uri, input=uri)
    raise ConfigurationError(
        f"{uri} does not belong to endpoint {places.endpoint_name}: its failures are below {places.failure_url}/, its "
        f"inputs below {places.input_url}/. If it is another environment's, say --env; an input that lies elsewhere is "
        "named with --input, beside the failure or alone"
    )


def of_notification(path: Path, places: Places) -> Clues:
    """Read a saved notification. Raises ConfigurationError when it is not about a result of this endpoint."""
    message = _unwrapped(path, _read(path))
    if message.get("eventName") == "TestNotification":
        raise ConfigurationError(
            f"{path} is the test message that SageMaker sends when an endpoint is made, not a result"
        )
    asked = message.get("requestParameters")
    if not isinstance(asked, dict):
        raise ConfigurationError(f"{path} is no notification of asynchronous inference: it has no requestParameters")
    if asked.get("endpointName") != places.endpoint_name:
        raise ConfigurationError(
            f"{path} is about endpoint {asked.get('endpointName')}, not {places.endpoint_name}: say --env or --config"
        )
    return Clues(
        str(path),
        failure_url=message.get("responseParameters", {}).get("failureLocation"),
        failure_body=_body(message),
        input=asked.get("inputLocation"),
        inference_id=message.get("inferenceId"),
        content_type=asked.get("contentType"),
        accept=asked.get("accept"),
        status=status_in(str(message.get("failureReason", ""))),
        at=_moment(path, message.get("eventTime")),
    )


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ConfigurationError(f"{path} is not JSON ({error}): save the notification as it came") from error


def _unwrapped(path: Path, document: Any) -> Mapping[str, Any]:
    """The message inside its envelopes."""
    if isinstance(document, str):
        try:
            return _unwrapped(path, json.loads(document))
        except ValueError as error:
            raise ConfigurationError(f"{path} holds a message that is not JSON ({error})") from error
    if not isinstance(document, dict):
        raise ConfigurationError(f"{path} is no notification: it is not a JSON object")
    for name in _COLLECTIONS:
        if isinstance(document.get(name), list):
            return _unwrapped(path, _only(path, document[name]))
    inner = next((document[name] for name in _ENVELOPES if name in document), None)
    return document if inner is None or "requestParameters" in document else _unwrapped(path, inner)


def _only(path: Path, messages: list[Any]) -> Any:
    if len(messages) != 1:
        raise ConfigurationError(f"{path} holds {len(messages)} messages: save one of them in a file of its own")
    return messages[0]


def _body(message: Mapping[str, Any]) -> bytes | None:
    """The response that `IncludeInferenceResponseIn` adds; AWS does not document whether failures are encoded."""
    if message.get("invocationStatus") != "Failed":
        return None
    response = message.get("responseBody") or {}
    content = response.get("content")
    if not isinstance(content, str):
        return str(message.get("failureReason", "")).encode()
    if response.get("encoding") != "BASE64":
        return content.encode()
    try:
        return base64.b64decode(content, validate=True)
    except (ValueError, binascii.Error):
        return content.encode()


def _moment(path: Path, text: Any) -> datetime:
    try:
        return datetime.fromisoformat(str(text))
    except ValueError as error:
        raise ConfigurationError(f"{path}: eventTime {text!r} is no time: save the notification as it came") from error
