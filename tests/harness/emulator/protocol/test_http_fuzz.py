"""Malformed requests to the HTTP interface get an AWS-shaped error, never a traceback, and the next good succeeds."""

from __future__ import annotations

import http.client
import json
import os
import socket
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.emulator.instances.platform_log import LogStream
from tests.harness.emulator.running import RunningEmulator, config_request, running_emulator

REQUESTS_AN_EXAMPLE = 5
# The default keeps everyday runs short; the night takes 100,000.
EXAMPLES = int(os.environ.get("REHEARSAL_FUZZ_REQUESTS", "5000")) // REQUESTS_AN_EXAMPLE

OPERATIONS = [
    "CreateModel", "DescribeModel", "DeleteModel", "ListModels", "CreateEndpointConfig", "DescribeEndpointConfig",
    "DeleteEndpointConfig", "ListEndpointConfigs", "CreateEndpoint", "DescribeEndpoint", "UpdateEndpoint",
    "UpdateEndpointWeightsAndCapacities", "ListEndpoints", "AddTags", "ListTags", "DeleteTags", "CreateTrainingJob",
    "Nothing", "",
]  # fmt: skip
SCALING = [
    "RegisterScalableTarget",
    "PutScalingPolicy",
    "DescribeScalingPolicies",
    "DeregisterScalableTarget",
    "TagResource",
]
LOGS = ["FilterLogEvents", "GetLogEvents", "DescribeLogStreams", "DescribeLogGroups", "PutLogEvents"]
LOG_GROUP = "/aws/sagemaker/Endpoints/fuzz"
TARGETS = st.one_of(
    st.sampled_from([f"SageMaker.{name}" for name in OPERATIONS]),
    st.sampled_from([f"AnyScaleFrontendService.{name}" for name in SCALING]),
    st.sampled_from([f"Logs_20140328.{name}" for name in LOGS]),
    st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=30),
)
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**40), 2**40), st.floats(), st.text(max_size=40),
    st.integers(), st.sampled_from([10**400, -(10**400), 2**31, 2**63, 253402300800, "\ud800", "\0"]),
    st.sampled_from(["fuzz", "ml.m5.large", "sagemaker", "s3://bucket/k", "Ascending",
                     "endpoint/fuzz/variant/AllTraffic", LOG_GROUP, "AllTraffic/i-1"]),
)  # fmt: skip
MEMBERS = st.sampled_from([
    "ModelName", "EndpointName", "EndpointConfigName", "PrimaryContainer", "Containers", "Image", "ModelDataUrl",
    "Tags", "Environment", "ProductionVariants", "VariantName", "InitialInstanceCount", "InstanceType",
    "AsyncInferenceConfig", "OutputConfig", "S3OutputPath", "NotificationConfig", "SuccessTopic", "ClientConfig",
    "DeploymentConfig", "NextToken", "MaxResults", "SortBy", "SortOrder", "NameContains", "CreationTimeAfter",
    "ResourceArn", "TagKeys", "Key", "Value",
    "ServiceNamespace", "ResourceId", "ScalableDimension", "MinCapacity", "MaxCapacity", "PolicyName", "PolicyType",
    "StepScalingPolicyConfiguration", "TargetTrackingScalingPolicyConfiguration", "DesiredWeightsAndCapacities",
    "DesiredInstanceCount", "InitialVariantWeight", "BlueGreenUpdatePolicy", "TargetValue",
    "logGroupName", "logStreamName", "logStreamNames", "filterPattern", "nextToken", "startTime", "endTime", "limit",
])  # fmt: skip
DOCUMENTS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(MEMBERS, inner, max_size=6)),
    max_leaves=12,
)
BODIES = st.one_of(
    st.dictionaries(MEMBERS, DOCUMENTS, max_size=8).map(lambda document: json.dumps(document).encode()),
    DOCUMENTS.map(lambda document: json.dumps(document).encode()),
    st.binary(max_size=200),
    st.just(b'{"a":' * 2000),
    st.just(b'{"ModelName":' * 900 + b"1" + b"}" * 900),
    st.just(b'{"CreationTimeAfter": 1e400, "CreationTimeAfter": 1}'),
)
VISIBLE = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_categories=["Cc"]), max_size=80)
HEADERS = st.dictionaries(
    st.sampled_from([
        "X-Amzn-SageMaker-Content-Type", "X-Amzn-SageMaker-Accept", "X-Amzn-SageMaker-Custom-Attributes",
        "X-Amzn-SageMaker-Inference-Id", "X-Amzn-SageMaker-InputLocation", "X-Amzn-SageMaker-Filename",
        "X-Amzn-SageMaker-S3OutputPathExtension", "X-Amzn-SageMaker-RequestTTLSeconds", "Content-Type", "Accept",
        "X-Amzn-SageMaker-InvocationTimeoutSeconds", "X-Amzn-SageMaker-Target-Variant", "Authorization", "X-Amz-Date",
    ]),
    st.one_of(VISIBLE, st.sampled_from(["60", "-1", "1e3", "s3://bucket/k", "a/b", "99999999999999999999"])),
    max_size=6,
)  # fmt: skip
SEGMENTS = st.one_of(
    st.sampled_from(
        ["endpoints", "fuzz", "rt", "invocations", "async-invocations", "..", "%2e%2e", "%00", "%ff", "%2F", ""]
    ),
    st.text(st.characters(min_codepoint=48, max_codepoint=122, categories=["L", "N"]), max_size=70),
)
PATHS = st.one_of(
    st.just("/"),
    st.lists(SEGMENTS, max_size=5).map(lambda parts: "/" + "/".join(parts)),
    SEGMENTS.map(lambda name: f"/endpoints/{name}/async-invocations"),
    SEGMENTS.map(lambda name: f"/endpoints/{name}/invocations"),
)
METHODS = st.sampled_from(["POST", "POST", "POST", "GET", "PUT", "DELETE", "OPTIONS", "PATCH"])
WHO = {"ServiceNamespace": "sagemaker", "ResourceId": "endpoint/fuzz/variant/AllTraffic",
       "ScalableDimension": "sagemaker:variant:DesiredInstanceCount"}  # fmt: skip
GOOD: list[tuple[str, dict[str, Any]]] = [
    ("SageMaker.CreateModel", {"ModelName": "m", "PrimaryContainer": {"Image": "i", "Environment": {"A": "b"}},
                               "Tags": [{"Key": "k", "Value": "v"}]}),
    ("SageMaker.CreateEndpointConfig", config_request("fuzz")),
    ("SageMaker.CreateEndpoint", {"EndpointName": "new", "EndpointConfigName": "fuzz"}),
    ("SageMaker.UpdateEndpoint", {"EndpointName": "rt", "EndpointConfigName": "rt", "RetainAllVariantProperties": True,
                                  "DeploymentConfig": {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": {
                                      "Type": "CANARY", "WaitIntervalInSeconds": 0,
                                      "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 50}}}}}),
    ("SageMaker.UpdateEndpointWeightsAndCapacities", {"EndpointName": "rt", "DesiredWeightsAndCapacities": [
        {"VariantName": "AllTraffic", "DesiredInstanceCount": 1, "DesiredWeight": 1.0}]}),
    ("SageMaker.ListEndpoints", {"SortBy": "Status", "MaxResults": 1, "CreationTimeAfter": 0, "NameContains": "f"}),
    ("SageMaker.AddTags", {"ResourceArn": "arn:aws:sagemaker:eu-west-1:000000000000:endpoint/fuzz",
                           "Tags": [{"Key": "k", "Value": "v"}]}),
    ("AnyScaleFrontendService.RegisterScalableTarget", {**WHO, "MinCapacity": 1, "MaxCapacity": 1}),
    ("AnyScaleFrontendService.PutScalingPolicy", {
        **WHO, "PolicyName": "p", "PolicyType": "TargetTrackingScaling", "TargetTrackingScalingPolicyConfiguration": {
            "TargetValue": 5.0, "CustomizedMetricSpecification": {"MetricName": "m", "Namespace": "n",
                                                                  "Statistic": "Average"}}}),
    ("AnyScaleFrontendService.PutScalingPolicy", {
        **WHO, "PolicyName": "s", "PolicyType": "StepScaling", "StepScalingPolicyConfiguration": {
            "AdjustmentType": "ChangeInCapacity", "StepAdjustments": [{"ScalingAdjustment": 1}]}}),
    ("Logs_20140328.FilterLogEvents", {"logGroupName": LOG_GROUP, "filterPattern": '?a -"b c"', "startTime": 0,
                                       "endTime": 2**40, "limit": 1, "nextToken": "WzAsIkEiLDBd"}),
    ("Logs_20140328.GetLogEvents", {"logGroupIdentifier": LOG_GROUP, "logStreamName": "AllTraffic/i-1",
                                    "startFromHead": True, "nextToken": f"f/{0:056d}", "limit": 3}),
    ("Logs_20140328.DescribeLogStreams", {"logGroupName": LOG_GROUP, "orderBy": "LastEventTime", "descending": True,
                                          "limit": 1, "nextToken": "QWxsVHJhZmZpYy9pLTE="}),
    ("Logs_20140328.DescribeLogGroups", {"logGroupNamePrefix": "/aws", "limit": 2}),
    ("AnyScaleFrontendService.DescribeScalingActivities", {"ServiceNamespace": "sagemaker", "MaxResults": 1}),
]  # fmt: skip


@st.composite
def spoiled(draw: st.DrawFn) -> tuple[str, str, str, dict[str, str], bytes]:
    """Draw a good request with one value, at any depth, replaced or removed."""
    target, document = draw(st.sampled_from(GOOD))
    copy = json.loads(json.dumps(document))
    place: Any = copy
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = draw(st.sampled_from(keys))
        inner = place[key]
        if not isinstance(inner, dict | list) or not inner or draw(st.booleans()):
            break
        place = inner
    if draw(st.booleans()):
        place[key] = draw(DOCUMENTS)
    else:
        place.pop(key)
    return "POST", "/", target, {}, json.dumps(copy).encode()


REQUESTS = st.one_of(st.tuples(METHODS, PATHS, TARGETS, HEADERS, BODIES), spoiled(), spoiled())


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEmulator]:
    with running_emulator(tmp_path_factory.mktemp("fuzz")) as running:
        running.serve("fuzz")
        running.serve("rt", is_async=False)
        log = running.emulator.parts.platform_log.container_log(LogStream("fuzz", "AllTraffic", "i-1"))
        log.write_text("a line\nand another\n")
        yield running


def send(
    running: RunningEmulator, method: str, path: str, headers: Mapping[str, str], body: bytes
) -> tuple[int, Mapping[str, str], bytes]:
    connection = http.client.HTTPConnection(running.emulator.url.removeprefix("http://"), timeout=20)
    try:
        connection.putrequest(method, path, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value.encode("latin-1"))
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


@pytest.mark.timeout(300 + EXAMPLES)
@settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None
)
@given(requests=st.lists(REQUESTS, min_size=REQUESTS_AN_EXAMPLE, max_size=REQUESTS_AN_EXAMPLE))
def test_odd_requests_get_answers_of_aws_shape(target: RunningEmulator, requests: list[Any]) -> None:
    for method, path, operation, headers, body in requests:
        status, said, answer = send(target, method, path, {**headers, "X-Amz-Target": operation}, body)
        assert status in (200, 202, 400, 424), (method, path, operation, headers, body, status, answer)
        if status in (400, 424) and said.get("content-type", "").startswith("application/"):
            document = json.loads(answer)
            assert document.get("message") or document.get("Message"), answer
            assert "Traceback" not in answer.decode()


def test_after_all_that_a_good_request_succeeds(target: RunningEmulator) -> None:
    target.sagemaker.create_model(ModelName="after", PrimaryContainer={"Image": "image:1"})
    target.sagemaker.create_endpoint_config(**config_request("after"))
    answer = target.client.invoke_endpoint_async(EndpointName="fuzz", Body=b"still here")
    assert target.wait_for_object(answer["OutputLocation"]).body == b"still here"


@pytest.mark.parametrize(
    "sent",
    [
        b"POST /endpoints/fuzz/async-invocations HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nhalf",
        b"POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: SageMaker.ListModels\r\nContent-Length: 50\r\n\r\n{",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST / HTTP/1.1\r\nHo",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"",
    ],
    ids=["half a body", "half a document", "a chunk of no size", "half a header", "a TLS greeting", "nothing"],
)
def test_clients_that_vanish_leave_nothing_behind(target: RunningEmulator, sent: bytes) -> None:
    host, _, port = target.emulator.url.removeprefix("http://").partition(":")
    before = len(target.script.seen)
    for _ in range(5):
        with socket.create_connection((host, int(port)), timeout=5) as connection:
            connection.sendall(sent)
    assert target.sagemaker.list_models(MaxResults=1)["Models"]
    assert len(target.script.seen) == before, "half an invocation is none"


def test_a_head_of_a_megabyte_is_refused(target: RunningEmulator) -> None:
    host, _, port = target.emulator.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"x" * 70_000)
        assert connection.recv(12) == b"HTTP/1.1 400"


def test_a_body_beyond_the_limit_is_refused_by_its_rule(target: RunningEmulator) -> None:
    status, _, answer = send(target, "POST", "/", {"X-Amz-Target": "SageMaker.ListModels"}, b"x" * 5_000_000)
    assert status == 400
    assert b"longer than" in answer
    status, _, answer = send(target, "POST", "/endpoints/rt/invocations", {}, b"x" * 6291457)
    assert status == 400
    assert b"Member must have length less than or equal to 6291456" in answer
