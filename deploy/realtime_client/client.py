"""Calls InvokeEndpoint on one endpoint: the answer, or the container's refusal, as an outcome.

May not: judge the answer, or depend on what serves the endpoint.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError, HTTPClientError

from deploy.async_client import Completed, Failed, Outcome, Request, Submitted, Unanswered
from deploy.aws import Clients, aws_errors
from deploy.core.errors import ConfigurationError
from deploy.core.waiting import REAL_TIME, Clock

# The limit of InvokeEndpoint's Body in botocore's model of sagemaker-runtime.
MAX_BODY_BYTES = 6_291_456


@dataclass(frozen=True)
class RealtimeClient:
    clients: Clients
    endpoint_name: str
    clock: Clock = REAL_TIME

    def __post_init__(self) -> None:
        """Make boto3's client now, so that the first request's time does not include that."""
        _ = self.clients.runtime

    def send(self, request: Request) -> Outcome:
        """Send one request and return its outcome.

        Raises ConfigurationError for a file that no real-time endpoint takes, AwsRefused when the endpoint was not
        asked at all.
        """
        body = _body(request)
        submitted = Submitted(request.inference_id or str(uuid.uuid4()), "", "", None)
        started = self.clock.now()
        try:
            answer = self._invoke(request, body, submitted.inference_id)
            content = answer["Body"].read()
        except ClientError as error:
            return _failed(error, submitted, self.clock.now() - started)
        except HTTPClientError:
            return Unanswered(submitted, self.clock.now() - started)
        return Completed(submitted, content, str(answer.get("ContentType", "")), self.clock.now() - started, 0.0)

    def _invoke(self, request: Request, body: bytes, inference_id: str) -> Any:
        optional = {"Accept": request.accept, "CustomAttributes": request.attributes}
        return self.clients.runtime.invoke_endpoint(
            EndpointName=self.endpoint_name,
            Body=body,
            ContentType=request.content_type,
            InferenceId=inference_id,
            **{name: value for name, value in optional.items() if value},
        )


def _body(request: Request) -> bytes:
    size_bytes = request.file.stat().st_size
    if size_bytes > MAX_BODY_BYTES:
        raise ConfigurationError(
            f"{request.file} has {size_bytes:,} bytes; InvokeEndpoint takes {MAX_BODY_BYTES:,}. "
            'Send a smaller file, or make the endpoint asynchronous: [endpoint] mode = "async"'
        )
    return request.file.read_bytes()


def _failed(error: ClientError, submitted: Submitted, seconds: float) -> Failed:
    """The container's own answer (ModelError carries it). Raises AwsRefused when the request did not reach it."""
    if error.response.get("Error", {}).get("Code") != "ModelError":
        with aws_errors("invoking the endpoint"):
            raise error
    said: Any = error.response
    status = said.get("OriginalStatusCode")
    body = str(said.get("OriginalMessage") or said.get("Error", {}).get("Message", ""))
    return Failed(submitted, body.encode(), seconds, 0.0, None, http_status=int(status) if status else None)
