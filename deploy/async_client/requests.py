"""One request through the asynchronous endpoint: upload, submit, and its outcome as a value.

The only module that sends requests. SageMaker says where output and failure will appear; which of the two objects
appears is the outcome. May not: look into the answer.
"""

from __future__ import annotations

import mimetypes
import re
import uuid
from dataclasses import dataclass
from pathlib import Path

from deploy.async_client.sent import Said, Sent, note_url
from deploy.aws import Clients, aws_errors
from deploy.aws.describe import is_missing
from deploy.core.errors import AwsRefused
from deploy.core.waiting import Clock, wait_until

_UNKNOWN = "application/octet-stream"
_OF_ARRAYS = {".npy": "application/x-npy"}
"""What the handler calls them; no registry has a name for them."""


def content_type_of(file: Path) -> str:
    """By its name alone."""
    return _OF_ARRAYS.get(file.suffix.lower()) or mimetypes.guess_type(file.name)[0] or _UNKNOWN


@dataclass(frozen=True)
class Destination:
    endpoint_name: str
    input_url: str
    """`s3://bucket/prefix` under which inputs are uploaded."""
    invocation_timeout_seconds: int
    request_ttl_seconds: int


@dataclass(frozen=True)
class Submitted:
    inference_id: str
    input_url: str
    output_url: str
    failure_url: str | None
    """None when the endpoint writes no failure objects; then a failure shows only as a time-out."""


@dataclass(frozen=True)
class Completed:
    body: bytes
    content_type: str
    seconds: float


@dataclass(frozen=True)
class Failed:
    body: bytes
    """What the container answered, or SageMaker's reason."""
    seconds: float

    @property
    def reason(self) -> str:
        return self.body.decode("utf-8", "replace").strip() or "no reason given"


Outcome = Completed | Failed


def submit(
    clients: Clients,
    destination: Destination,
    file: Path,
    *,
    content_type: str,
    accept: str | None = "application/json",
    attributes: str = "",
    folder: str = "requests",
    inference_id: str | None = None,
) -> Submitted:
    """Upload `file`, queue a request for it, and note what was sent (`replaying.sent`). Raises AwsRefused."""
    inference_id = inference_id or str(uuid.uuid4())
    input_url = f"{destination.input_url}/{folder}/{_as_key(inference_id)}{file.suffix}"
    bucket, key = split(input_url)
    said = Said(inference_id, accept, attributes, destination.invocation_timeout_seconds)
    with aws_errors(f"uploading {file}"), file.open("rb") as body:
        clients.s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType=content_type, Metadata=said.metadata())
    with aws_errors(f"sending {file.name} to endpoint {destination.endpoint_name}"):
        answer = clients.runtime.invoke_endpoint_async(
            EndpointName=destination.endpoint_name,
            InputLocation=input_url,
            ContentType=content_type,
            InferenceId=inference_id,
            InvocationTimeoutSeconds=destination.invocation_timeout_seconds,
            RequestTTLSeconds=destination.request_ttl_seconds,
            **({"Accept": accept} if accept else {}),
            **({"CustomAttributes": attributes} if attributes else {}),
        )
    submitted = Submitted(inference_id, input_url, answer["OutputLocation"], answer.get("FailureLocation"))
    _note(clients, destination, submitted)
    return submitted


def _as_key(inference_id: str) -> str:
    """An InferenceId may hold anything that prints."""
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


def wait_for(clients: Clients, submitted: Submitted, *, timeout_seconds: float, clock: Clock) -> Outcome:
    """Raises TimedOut when neither output nor failure appears in time."""
    started = clock.now()

    def appeared() -> tuple[Outcome] | None:
        output = fetch(clients, submitted.output_url)
        if output is not None:
            return (Completed(*output, clock.now() - started),)
        failure = fetch(clients, submitted.failure_url) if submitted.failure_url else None
        return None if failure is None else (Failed(failure[0], clock.now() - started),)

    return wait_until(
        appeared,
        what=f"the answer to request {submitted.inference_id} at {submitted.output_url}",
        timeout_seconds=timeout_seconds,
        every_seconds=min(clients.target.poll_seconds, 2.0),
        clock=clock,
    )[0]


def fetch(clients: Clients, url: str) -> tuple[bytes, str] | None:
    """An object's bytes and content type; None while it is not there."""
    bucket, key = split(url)
    try:
        with aws_errors(f"fetching {url}"):
            found = clients.s3.get_object(Bucket=bucket, Key=key)
            return found["Body"].read(), found.get("ContentType", "")
    except AwsRefused as refused:
        if is_missing(refused):
            return None
        raise


def split(url: str) -> tuple[str, str]:
    """`s3://bucket/key` -> bucket, key."""
    bucket, _, key = url.removeprefix("s3://").partition("/")
    return bucket, key
