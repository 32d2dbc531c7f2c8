"""Puts one request into an endpoint's queue: uploads its input, calls InvokeEndpointAsync, and keeps a note.

May not: wait, or read the input's contents.
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.async_client.outcomes import Submitted
from deploy.async_client.sent import Said, Sent, note_url
from deploy.aws import Clients, aws_errors
from deploy.aws.s3 import split
from deploy.core import header_text


@dataclass(frozen=True)
class Destination:
    """An endpoint, and where its inputs are uploaded. For a time that is None, SageMaker's default applies."""

    endpoint_name: str
    input_url: str
    """`s3://bucket/prefix` under which inputs are uploaded."""
    invocation_timeout_seconds: int | None = None
    request_ttl_seconds: int | None = None
    keeps_notes: bool = True
    """Whether each request is noted beside its input, so that its failure object can be replayed."""


@dataclass(frozen=True)
class Request:
    """One request; a header that is None or empty is not sent."""

    file: Path
    content_type: str
    accept: str | None = "application/json"
    attributes: str = ""
    inference_id: str | None = None
    """When it is None, `submit` makes a new one."""


def submit(clients: Clients, destination: Destination, request: Request, *, folder: str = "requests") -> Submitted:
    """Upload the file, queue a request for it, and note what was sent. Raises AwsRefused."""
    inference_id = request.inference_id or str(uuid.uuid4())
    input_url = upload(clients, destination, request, inference_id, folder)
    submitted = invoke(clients, destination, request, inference_id, input_url)
    if destination.keeps_notes:
        _note(clients, destination, submitted)
    return submitted


def upload(clients: Clients, destination: Destination, request: Request, inference_id: str, folder: str) -> str:
    """Upload the input, with the request's headers as the object's metadata, and return its URL."""
    input_url = f"{destination.input_url.rstrip('/')}/{folder}/{_as_key(inference_id)}{request.file.suffix}"
    bucket, key = split(input_url)
    said = Said(inference_id, request.accept, request.attributes, destination.invocation_timeout_seconds)
    with aws_errors(f"uploading {request.file}"), request.file.open("rb") as body:
        clients.s3.put_object(
            Bucket=bucket, Key=key, Body=body, ContentType=request.content_type, Metadata=said.metadata()
        )
    return input_url


def invoke(
    clients: Clients, destination: Destination, request: Request, inference_id: str, input_url: str
) -> Submitted:
    """Call InvokeEndpointAsync for an input that is in S3."""
    optional: dict[str, Any] = {
        "Accept": request.accept,
        "CustomAttributes": request.attributes,
        "InvocationTimeoutSeconds": destination.invocation_timeout_seconds,
        "RequestTTLSeconds": destination.request_ttl_seconds,
    }
    with aws_errors(f"sending {request.file.name} to endpoint {destination.endpoint_name}"):
        answer = clients.runtime.invoke_endpoint_async(
            EndpointName=destination.endpoint_name,
            InputLocation=input_url,
            ContentType=request.content_type,
            InferenceId=inference_id,
            **{name: value for name, value in optional.items() if value},
        )
    output_url = header_text.reread(answer["OutputLocation"])
    return Submitted(inference_id, input_url, output_url, _failure_url(answer.get("FailureLocation")))


def _failure_url(header: str | None) -> str | None:
    return None if header is None else header_text.reread(header)


def _as_key(inference_id: str) -> str:
    """Replace what a key should not have: an InferenceId may hold any printable character."""
    return re.sub(r"[^A-Za-z0-9._-]", "-", inference_id)


def _note(clients: Clients, destination: Destination, submitted: Submitted) -> None:
    note = Sent(
        endpoint_name=destination.endpoint_name,
        inference_id=submitted.inference_id,
        input_url=submitted.input_url,
        output_url=submitted.output_url,
        failure_url=submitted.failure_url,
    )
    bucket, key = split(note_url(destination.input_url, submitted.failure_url or submitted.output_url))
    with aws_errors(f"noting request {submitted.inference_id}"):
        clients.s3.put_object(
            Bucket=bucket, Key=key, Body=note.model_dump_json().encode(), ContentType="application/json"
        )
