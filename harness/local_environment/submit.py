"""One request through the asynchronous endpoint, as any client of AWS would make it, to its terminal outcome.

Owns: upload, InvokeEndpointAsync, waiting for the object and the notification. May not: judge the answer, or know what
serves the endpoint.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlparse

from botocore.exceptions import ClientError

from harness.cases.clips import Clip
from harness.core.errors import TimedOut
from harness.core.waiting import wait_until
from harness.local_environment.inbox import Inbox, Notification

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker_runtime import SageMakerRuntimeClient

NOTIFICATION_PATIENCE_SECONDS = 30.0
POLL_SECONDS = 0.1


@dataclass(frozen=True)
class Request:
    clip: Clip
    accept: str = "application/json"
    custom_attributes: str = ""


@dataclass(frozen=True)
class Timings:
    upload_seconds: float
    total_seconds: float
    """From the 202 to the result object."""


@dataclass(frozen=True)
class Accepted:
    """What the 202 promised."""

    inference_id: str
    output_location: str
    failure_location: str | None


@dataclass(frozen=True)
class Completed:
    accepted: Accepted
    body: bytes
    content_type: str
    timings: Timings
    notification: Notification | None


@dataclass(frozen=True)
class Failed:
    accepted: Accepted
    body: bytes
    """The failure object: on AWS and here, the container's own answer."""
    timings: Timings
    notification: Notification | None

    @property
    def reason(self) -> str:
        known = self.notification.failure_reason if self.notification else None
        return known or "the failure object appeared without a notification"


@dataclass(frozen=True)
class Unanswered:
    """Neither object appeared in time."""

    accepted: Accepted
    waited_seconds: float


Outcome = Completed | Failed | Unanswered


def nothing() -> None:
    """The watch of those who only wait."""


@dataclass(frozen=True)
class Submitter:
    """A client of one endpoint."""

    s3: S3Client
    runtime: SageMakerRuntimeClient
    inbox: Inbox
    endpoint_name: str
    input_uri: str
    """`s3://bucket/prefix` below which inputs are put."""
    timeout_seconds: float
    watch: Callable[[], None] = nothing
    """Asked now and then while waiting; raises when waiting is in vain."""
    poll_seconds: float = POLL_SECONDS

    def submit(self, request: Request) -> Outcome:
        inference_id = str(uuid.uuid4())
        started = time.monotonic()
        location = self._upload(request.clip, inference_id)
        uploaded = time.monotonic()
        accepted = self._invoke(request, location, inference_id)
        try:
            is_failure, body, content_type = self._await_object(accepted)
        except TimedOut:
            return Unanswered(accepted, self.timeout_seconds)
        timings = Timings(uploaded - started, time.monotonic() - uploaded)
        notification = self._notification_of(accepted)
        if is_failure:
            return Failed(accepted, body, timings, notification)
        return Completed(accepted, body, content_type, timings, notification)

    def _upload(self, clip: Clip, inference_id: str) -> str:
        location = f"{self.input_uri.rstrip('/')}/{inference_id}{clip.path.suffix}"
        bucket, key = split_s3_uri(location)
        self.s3.upload_file(str(clip.path), bucket, key, ExtraArgs={"ContentType": clip.content_type})
        return location

    def _invoke(self, request: Request, location: str, inference_id: str) -> Accepted:
        optional = {"CustomAttributes": request.custom_attributes} if request.custom_attributes else {}
        answer = self.runtime.invoke_endpoint_async(
            EndpointName=self.endpoint_name,
            InputLocation=location,
            ContentType=request.clip.content_type,
            Accept=request.accept,
            InferenceId=inference_id,
            **optional,  # type: ignore[arg-type]  # a TypedDict cannot be unpacked from a dict
        )
        return Accepted(answer["InferenceId"], answer["OutputLocation"], answer.get("FailureLocation"))

    def _await_object(self, accepted: Accepted) -> tuple[bool, bytes, str]:
        def attempt() -> tuple[bool, bytes, str] | None:
            self.watch()
            for is_failure, location in ((False, accepted.output_location), (True, accepted.failure_location)):
                found = self._read(location) if location else None
                if found:
                    return is_failure, *found
            return None

        return wait_until(
            attempt,
            what=accepted.output_location,
            timeout_seconds=self.timeout_seconds,
            every_seconds=self.poll_seconds,
        )

    def _read(self, location: str) -> tuple[bytes, str] | None:
        bucket, key = split_s3_uri(location)
        try:
            found = self.s3.get_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchKey":
                return None
            raise
        return found["Body"].read(), found["ContentType"]

    def _notification_of(self, accepted: Accepted) -> Notification | None:
        try:
            return self.inbox.take(accepted.inference_id, NOTIFICATION_PATIENCE_SECONDS)
        except TimedOut:
            return None


def split_s3_uri(uri: str) -> tuple[str, str]:
    parts = urlparse(uri)
    return parts.netloc, parts.path.lstrip("/")
