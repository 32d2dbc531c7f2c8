"""Checks 51 to 61: the control plane."""

from __future__ import annotations

import time
from typing import Any

import pytest
from botocore.exceptions import WaiterError

from tests.e2e.conformance.lab import ACCOUNT, BUCKET, MAIN, REGION, VARIANT, Lab, refusal


def arn(kind: str, name: str) -> str:
    return f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:{kind}/{name}"


def test_check_51_creating_then_in_service(lab: Lab) -> None:
    lab.script.is_healthy = lambda: False
    try:
        lab.create("c51")
        found = lab.sagemaker.describe_endpoint(EndpointName="c51")
        assert found["EndpointStatus"] == "Creating"
        assert found["EndpointArn"] == arn("endpoint", "c51")
    finally:
        lab.script.is_healthy = lambda: True
    lab.sagemaker.get_waiter("endpoint_in_service").wait(
        EndpointName="c51", WaiterConfig={"Delay": 1, "MaxAttempts": 30}
    )
    found = lab.sagemaker.describe_endpoint(EndpointName="c51")
    assert found["AsyncInferenceConfig"]["OutputConfig"]["S3OutputPath"] == f"s3://{BUCKET}/out"
    assert found["AsyncInferenceConfig"]["ClientConfig"] == {"MaxConcurrentInvocationsPerInstance": 8}
    assert found["ProductionVariants"][0]["CurrentInstanceCount"] == 1


def test_check_52_nothing_is_created_twice(lab: Lab) -> None:
    model = refusal(lab.sagemaker.create_model, ModelName=MAIN, PrimaryContainer={"Image": "image:1"})
    assert model[1:] == ("ValidationException", f'Cannot create already existing model "{arn("model", MAIN)}".')
    config = refusal(lab.sagemaker.create_endpoint_config, **lab.config(MAIN))
    assert config[2] == (f'Cannot create already existing endpoint configuration "{arn("endpoint-config", MAIN)}".')
    endpoint = refusal(lab.sagemaker.create_endpoint, EndpointName=MAIN, EndpointConfigName=MAIN)
    assert endpoint[2] == f'Cannot create already existing endpoint "{arn("endpoint", MAIN)}".'


def test_check_53_what_is_referred_to_must_exist(lab: Lab) -> None:
    found = refusal(lab.sagemaker.create_endpoint, EndpointName="c53", EndpointConfigName="c53")
    assert found[1:] == (
        "ValidationException",
        f'Could not find endpoint configuration "{arn("endpoint-config", "c53")}".',
    )
    found = refusal(lab.sagemaker.create_endpoint_config, **lab.config("c53"))
    assert found[2] == f'Could not find model "{arn("model", "c53")}".'


def test_check_54_a_container_that_never_gets_healthy_fails_the_endpoint(lab: Lab) -> None:
    healthy = lab.script.is_healthy
    lab.script.is_healthy = lambda: False
    try:
        lab.create("c54", variant={"ContainerStartupHealthCheckTimeoutInSeconds": 60})
        time.sleep(0.5)
        lab.clock.offset_seconds += 61
        failed = lab.wait_for_status("c54", "Failed")
    finally:
        lab.script.is_healthy = healthy
    assert failed["FailureReason"].startswith(
        f"The primary container for production variant {VARIANT} did not pass the ping health check."
        " Please check CloudWatch logs for this endpoint."
    )
    with pytest.raises(WaiterError):
        lab.sagemaker.get_waiter("endpoint_in_service").wait(EndpointName="c54")
    lab.sagemaker.delete_endpoint(EndpointName="c54")
    lab.sagemaker.get_waiter("endpoint_deleted").wait(EndpointName="c54", WaiterConfig={"Delay": 1, "MaxAttempts": 30})


def test_check_55_a_deleted_endpoint_is_gone(lab: Lab) -> None:
    lab.serve("c55")
    lab.sagemaker.delete_endpoint(EndpointName="c55")
    lab.sagemaker.get_waiter("endpoint_deleted").wait(EndpointName="c55", WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    found = refusal(lab.sagemaker.delete_endpoint, EndpointName="c55")
    assert found[1:] == ("ValidationException", f'Could not find endpoint "{arn("endpoint", "c55")}".')


def test_check_56_a_busy_endpoint_takes_no_changes(lab: Lab) -> None:
    healthy = lab.script.is_healthy
    lab.script.is_healthy = lambda: False
    busy = f'Cannot update in-progress endpoint "{arn("endpoint", "c56")}".'
    try:
        lab.create("c56")
        assert refusal(lab.sagemaker.delete_endpoint, EndpointName="c56")[1:] == ("ValidationException", busy)
        found = refusal(lab.sagemaker.update_endpoint, EndpointName="c56", EndpointConfigName=MAIN)
        assert found[2] == busy
    finally:
        lab.script.is_healthy = healthy
    lab.wait_in_service("c56")


def test_check_57_an_update_loses_no_job(lab: Lab) -> None:
    lab.serve("c57", concurrency=1)
    before = lab.sagemaker.describe_endpoint(EndpointName="c57")["LastModifiedTime"]
    jobs = [lab.submit("c57", orders="sleep=0.1", Body=b"x") for _ in range(20)]
    lab.sagemaker.create_endpoint_config(**lab.config("c57-next", model="c57", concurrency=2))
    lab.sagemaker.update_endpoint(EndpointName="c57", EndpointConfigName="c57-next")
    updated = lab.wait_in_service("c57")
    assert updated["EndpointConfigName"] == "c57-next"
    assert updated["LastModifiedTime"] > before
    assert all(not lab.outcome(job).is_failure for job in jobs)
    lab.sagemaker.create_endpoint_config(**lab.config("c57-sync", model="c57", is_async=False))
    found = refusal(lab.sagemaker.update_endpoint, EndpointName="c57", EndpointConfigName="c57-sync")
    assert found[2].startswith("The AsyncInferenceConfig parameter cannot be removed from this endpoint c57.")


def test_check_58_an_alarm_while_baking_rolls_back(lab: Lab) -> None:
    lab.serve("c58")
    lab.sagemaker.create_endpoint_config(**lab.config("c58-next", model="c58"))
    lab.cloudwatch.put_metric_alarm(
        AlarmName="c58", Namespace="test", MetricName="test", Statistic="Sum", Period=60, EvaluationPeriods=1,
        Threshold=1, ComparisonOperator="GreaterThanThreshold", TreatMissingData="ignore",
    )  # fmt: skip
    policy: Any = {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 1200}
        },
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "c58"}]},
    }
    lab.sagemaker.update_endpoint(EndpointName="c58", EndpointConfigName="c58-next", DeploymentConfig=policy)
    time.sleep(1)
    lab.cloudwatch.set_alarm_state(AlarmName="c58", StateValue="ALARM", StateReason="the check says so")
    assert lab.wait_in_service("c58")["EndpointConfigName"] == "c58"


def test_check_59_what_asynchronous_endpoints_cannot_have(lab: Lab) -> None:
    two = lab.config("c59", model=MAIN)
    two["ProductionVariants"].append({**two["ProductionVariants"][0], "VariantName": "Second"})
    assert refusal(lab.sagemaker.create_endpoint_config, **two)[:2] == (400, "ValidationException")
    container: Any = {"Image": "image:1", "Mode": "MultiModel", "ModelDataUrl": f"s3://{BUCKET}/models/"}
    lab.sagemaker.create_model(ModelName="c59-many", PrimaryContainer=container)
    found = refusal(lab.sagemaker.create_endpoint_config, **lab.config("c59", model="c59-many"))
    assert found[:2] == (400, "ValidationException")


def test_check_59_there_is_at_least_one_instance_at_first(lab: Lab) -> None:
    body = (
        b'{"EndpointConfigName":"c59-zero","ProductionVariants":[{"VariantName":"v","ModelName":"%s",' % MAIN.encode()
    )
    body += b'"InitialInstanceCount":0,"InstanceType":"ml.m5.large"}]}'
    target = {"X-Amz-Target": "SageMaker.CreateEndpointConfig", "Content-Type": "application/x-amz-json-1.1"}
    status, _, answer = lab.post("/", target, body)
    assert status == 400
    assert b"Member must have value greater than or equal to 1" in answer


def test_check_60_lists_are_sorted_filtered_and_paged(lab: Lab) -> None:
    for number in range(3):
        lab.sagemaker.create_model(ModelName=f"c60-{number}", PrimaryContainer={"Image": "image:1"})
    newest = lab.sagemaker.list_models(NameContains="c60")["Models"]
    assert [model["ModelName"] for model in newest] == ["c60-2", "c60-1", "c60-0"]
    oldest = lab.sagemaker.list_models(NameContains="c60", SortOrder="Ascending", SortBy="Name")["Models"]
    assert [model["ModelName"] for model in oldest] == ["c60-0", "c60-1", "c60-2"]
    pages = lab.sagemaker.get_paginator("list_models").paginate(NameContains="c60", PaginationConfig={"PageSize": 2})
    assert [len(page["Models"]) for page in pages] == [2, 1]
    found = lab.sagemaker.list_endpoints(StatusEquals="InService", NameContains=MAIN)["Endpoints"]
    assert [endpoint["EndpointName"] for endpoint in found] == [MAIN]
    assert lab.sagemaker.list_endpoints(StatusEquals="OutOfService")["Endpoints"] == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"ClientConfig": {"MaxConcurrentInvocationsPerInstance": 1001}},
        {"OutputConfig": {"S3OutputPath": "not-a-location"}},
        {"OutputConfig": {"NotificationConfig": {"SuccessTopic": "arn:aws:sqs:eu-west-1:000000000000:queue"}}},
    ],
    ids=["concurrency", "output path", "topic"],
)
def test_check_61_wrong_asynchronous_configs_are_refused(lab: Lab, wrong: dict[str, Any]) -> None:
    request = lab.config("c61", model=MAIN)
    for part, members in wrong.items():
        request["AsyncInferenceConfig"][part] |= members
    assert refusal(lab.sagemaker.create_endpoint_config, **request)[:2] == (400, "ValidationException")


def test_check_61_no_concurrency_is_refused(lab: Lab) -> None:
    body = b'{"EndpointConfigName":"c61","ProductionVariants":[{"VariantName":"v","ModelName":"%s",' % MAIN.encode()
    body += b'"InitialInstanceCount":1,"InstanceType":"ml.m5.large"}],"AsyncInferenceConfig":{"OutputConfig":{},'
    body += b'"ClientConfig":{"MaxConcurrentInvocationsPerInstance":0}}}'
    target = {"X-Amz-Target": "SageMaker.CreateEndpointConfig", "Content-Type": "application/x-amz-json-1.1"}
    status, _, answer = lab.post("/", target, body)
    assert status == 400
    assert b"maxConcurrentInvocationsPerInstance" in answer
