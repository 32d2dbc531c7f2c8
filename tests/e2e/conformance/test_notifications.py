"""Checks 43 to 50: the messages on the topics."""

from __future__ import annotations

import base64
import re
from datetime import datetime

from tests.e2e.conformance.lab.lab import Lab

STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def test_check_43_success_is_one_message_with_the_documented_keys(lab: Lab) -> None:
    job = lab.submit(InferenceId="c43")
    lab.outcome(job)
    [(topic, message)] = lab.heard("c43")
    assert topic == lab.success_topic
    assert list(message) == [
        "awsRegion", "eventTime", "receivedTime", "invocationStatus", "requestParameters", "responseParameters",
        "inferenceId", "eventVersion", "eventSource", "eventName",
    ]  # fmt: skip
    assert message["invocationStatus"] == "Completed"
    assert message["responseParameters"] == {"contentType": "text/plain", "outputLocation": job.output}
    assert (message["eventVersion"], message["eventSource"], message["eventName"]) == (
        "1.0",
        "aws:sagemaker",
        "InferenceResult",
    )
    assert STAMP.fullmatch(message["eventTime"])
    assert STAMP.fullmatch(message["receivedTime"])
    assert datetime.fromisoformat(message["receivedTime"]) <= datetime.fromisoformat(message["eventTime"])


def test_check_44_request_parameters_are_those_that_were_given(lab: Lab) -> None:
    location = lab.put()
    lab.submit(InferenceId="c44a", InputLocation=location)
    lab.submit(InferenceId="c44b", InputLocation=location, ContentType="text/csv", Accept="a/b")
    assert lab.message("c44a")["requestParameters"] == {"endpointName": lab.main, "inputLocation": location}
    given = lab.message("c44b")["requestParameters"]
    assert given == {"accept": "a/b", "contentType": "text/csv", "endpointName": lab.main, "inputLocation": location}
    assert list(given) == ["accept", "contentType", "endpointName", "inputLocation"]


def test_check_45_failure_is_a_message_on_the_error_topic_alone(lab: Lab) -> None:
    lab.outcome(lab.submit(orders="status=500", InferenceId="c45"))
    [(topic, message)] = lab.heard("c45")
    assert topic == lab.error_topic
    assert message["invocationStatus"] == "Failed"
    assert message["failureReason"] == (
        "ClientError: Received server error (500) from model."
        " See the SageMaker Endpoint logs in your account for more information."
    )


def test_check_46_the_failure_location_is_the_promised_one(lab: Lab) -> None:
    job = lab.submit(orders="status=500")
    assert lab.message(job.inference_id)["responseParameters"]["failureLocation"] == job.failure


def test_check_47_a_small_response_is_included_when_asked_for(lab: Lab) -> None:
    name = lab.named("c47")
    lab.serve(name, include=["SUCCESS_NOTIFICATION_TOPIC"])
    small, large = lab.put(b"\x00small"), lab.put(b"x" * (128 * 1024 + 1))
    job = lab.submit(name, InferenceId="c47a", InputLocation=small)
    body = lab.message("c47a")["responseBody"]
    assert base64.b64decode(body["content"]) == b"\x00small"
    assert body["encoding"] == "BASE64"
    assert lab.outcome(job).body == b"\x00small"
    job = lab.submit(name, InferenceId="c47b", InputLocation=large)
    assert "content" not in lab.message("c47b").get("responseBody", {})
    assert len(lab.outcome(job).body) == 128 * 1024 + 1


def test_check_48_without_topics_nothing_is_published(lab: Lab) -> None:
    name = lab.named("c48")
    lab.serve(name, topics=False)
    lab.outcome(lab.submit(name, InferenceId=name))
    lab.message(lab.submit().inference_id)
    assert name not in lab.messages


def test_check_49_topics_get_a_test_message_first(lab: Lab) -> None:
    name = lab.named("c49")
    before = len(lab.heard("TestNotification"))
    lab.serve(name)
    lab.message(lab.submit(name).inference_id)
    fresh = lab.heard("TestNotification")[before:]
    assert {topic for topic, _ in fresh} == {lab.success_topic, lab.error_topic}
    assert fresh[0][1] == {"eventVersion": "1.0", "eventSource": "aws:sagemaker", "eventName": "TestNotification"}


def test_check_50_a_topic_that_is_gone_costs_only_the_message(lab: Lab) -> None:
    name = lab.named("c50")
    success, lab.success_topic = lab.success_topic, lab.new_topic("short-lived")
    try:
        lab.serve(name)
        lab.sns.delete_topic(TopicArn=lab.success_topic)
    finally:
        lab.success_topic = success
    assert not lab.run(name).is_failure
