"""The messages on the success and error topics: AWS's keys in AWS's order, as compact JSON.

Source: "Check prediction results" in the developer guide, and messages observed on AWS.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any

from harness.emulator.async_inference.jobs import Invocation, Job
from harness.emulator.async_inference.outcomes import JobCompleted, JobFailed, JobOutcome
from harness.emulator.context.timestamps import iso_millis
from harness.emulator.store.deployment import NotificationSettings

MAX_INCLUDED_BYTES = 128 * 1024
_EVENT = {"eventVersion": "1.0", "eventSource": "aws:sagemaker"}


def test_message() -> str:
    """The message that every topic receives when an endpoint is created or updated."""
    return _compact({**_EVENT, "eventName": "TestNotification"})


def topic_for(outcome: JobOutcome, settings: NotificationSettings) -> str | None:
    return settings.success_topic if isinstance(outcome, JobCompleted) else settings.error_topic


def result_message(
    job: Job, outcome: JobOutcome, settings: NotificationSettings, *, region: str, answer: Callable[[], bytes]
) -> str:
    """The one message of a finished invocation; `answer` reads the container's body, if it sent one."""
    invocation = job.invocation
    status: dict[str, Any] = {"invocationStatus": "Completed"}
    if isinstance(outcome, JobFailed):
        status = {"invocationStatus": "Failed", "failureReason": outcome.reason}
    return _compact(
        {
            "awsRegion": region,
            "eventTime": iso_millis(job.event_at or job.received_at),
            "receivedTime": iso_millis(job.received_at),
            **status,
            "requestParameters": _request_parameters(invocation),
            **_response_parameters(invocation, outcome),
            **_response_body(outcome, settings, answer),
            "inferenceId": invocation.inference_id,
            **_EVENT,
            "eventName": "InferenceResult",
        }
    )


def _request_parameters(invocation: Invocation) -> dict[str, str]:
    given = {
        "accept": invocation.accept,
        "contentType": invocation.content_type,
        "endpointName": invocation.endpoint_name,
        "inputLocation": invocation.input_location,
    }
    return {name: value for name, value in given.items() if value is not None}


def _response_parameters(invocation: Invocation, outcome: JobOutcome) -> dict[str, dict[str, str]]:
    if isinstance(outcome, JobCompleted):
        given = {"contentType": outcome.content_type, "outputLocation": invocation.output_location}
    else:
        given = {"failureLocation": invocation.failure_location}
    known = {name: value for name, value in given.items() if value is not None}
    return {"responseParameters": known} if known else {}


def _response_body(
    outcome: JobOutcome, settings: NotificationSettings, answer: Callable[[], bytes]
) -> dict[str, dict[str, str]]:
    wanted = "SUCCESS_NOTIFICATION_TOPIC" if isinstance(outcome, JobCompleted) else "ERROR_NOTIFICATION_TOPIC"
    if wanted not in settings.include_body_in or outcome.size_bytes is None or outcome.size_bytes > MAX_INCLUDED_BYTES:
        return {}
    try:
        content = answer()
    except FileNotFoundError:  # something removed it; the message is owed all the same
        return {}
    body = {
        "content": base64.b64encode(content).decode("ascii"),
        "message": "Check S3 path location(if configured) or Cloudwatch for additional details.",
        "encoding": "BASE64",
    }
    return {"responseBody": body}


def _compact(document: Mapping[str, Any]) -> str:
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False)
