"""Checks 51 to 61: the control plane."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from botocore.exceptions import WaiterError

from tests.e2e.conformance.lab.lab import VARIANT, Lab, refusal
from tests.e2e.conformance.lab.needs import needs


def arn(lab: Lab, kind: str, name: str) -> str:
    return lab.place.arn("sagemaker", f"{kind}/{name}")


def test_check_51_creating_then_in_service(lab: Lab) -> None:
    name = lab.named("c51")
    with lab.held_back():
        lab.create(name)
        found = lab.sagemaker.describe_endpoint(EndpointName=name)
        assert found["EndpointStatus"] == "Creating"
        assert found["EndpointArn"] == arn(lab, "endpoint", name)
    lab.sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=name, WaiterConfig=lab.place.waiter)
    found = lab.sagemaker.describe_endpoint(EndpointName=name)
    assert found["AsyncInferenceConfig"]["OutputConfig"]["S3OutputPath"] == f"{lab.root}/out"
    assert found["AsyncInferenceConfig"]["ClientConfig"] == {"MaxConcurrentInvocationsPerInstance": 8}
    assert found["ProductionVariants"][0]["CurrentInstanceCount"] == 1


def test_check_52_nothing_is_created_twice(lab: Lab) -> None:
    model = refusal(lab.sagemaker.create_model, **lab.place.model(lab.main))
    assert model[1:] == (
        "ValidationException",
        f'Cannot create already existing model "{arn(lab, "model", lab.main)}".',
    )
    config = refusal(lab.sagemaker.create_endpoint_config, **lab.config(lab.main))
    assert config[2] == (
        f'Cannot create already existing endpoint configuration "{arn(lab, "endpoint-config", lab.main)}".'
    )
    endpoint = refusal(lab.sagemaker.create_endpoint, EndpointName=lab.main, EndpointConfigName=lab.main)
    assert endpoint[2] == f'Cannot create already existing endpoint "{arn(lab, "endpoint", lab.main)}".'


def test_check_53_what_is_referred_to_must_exist(lab: Lab) -> None:
    name = lab.named("c53")
    found = refusal(lab.sagemaker.create_endpoint, EndpointName=name, EndpointConfigName=name)
    assert found[1:] == (
        "ValidationException",
        f'Could not find endpoint configuration "{arn(lab, "endpoint-config", name)}".',
    )
    found = refusal(lab.sagemaker.create_endpoint_config, **lab.config(name))
    assert found[2] == f'Could not find model "{arn(lab, "model", name)}".'


@needs("sick")
def test_check_54_a_container_that_never_gets_healthy_fails_the_endpoint(lab: Lab) -> None:
    name = lab.named("c54")
    with lab.held_back():
        lab.create(name, variant={"ContainerStartupHealthCheckTimeoutInSeconds": 60})
        time.sleep(0.5)
        lab.pass_seconds(61)
        failed = lab.wait_for_status(name, "Failed")
    assert failed["FailureReason"].startswith(
        f"The primary container for production variant {VARIANT} did not pass the ping health check."
        " Please check CloudWatch logs for this endpoint."
    )
    with pytest.raises(WaiterError):
        lab.sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=name)
    lab.sagemaker.delete_endpoint(EndpointName=name)
    lab.sagemaker.get_waiter("endpoint_deleted").wait(EndpointName=name, WaiterConfig=lab.place.waiter)


def test_check_55_a_deleted_endpoint_is_gone(lab: Lab) -> None:
    name = lab.named("c55")
    lab.serve(name)
    lab.sagemaker.delete_endpoint(EndpointName=name)
    lab.sagemaker.get_waiter("endpoint_deleted").wait(EndpointName=name, WaiterConfig=lab.place.waiter)
    found = refusal(lab.sagemaker.delete_endpoint, EndpointName=name)
    assert found[1:] == ("ValidationException", f'Could not find endpoint "{arn(lab, "endpoint", name)}".')


def test_check_56_a_busy_endpoint_takes_no_changes(lab: Lab) -> None:
    name = lab.named("c56")
    busy = f'Cannot update in-progress endpoint "{arn(lab, "endpoint", name)}".'
    with lab.held_back():
        lab.create(name)
        assert refusal(lab.sagemaker.delete_endpoint, EndpointName=name)[1:] == (
            "ValidationException",
            busy,
        )
        found = refusal(lab.sagemaker.update_endpoint, EndpointName=name, EndpointConfigName=lab.main)
        assert found[2] == busy
    lab.wait_in_service(name)


def test_check_57_an_update_loses_no_job(lab: Lab) -> None:
    name = lab.named("c57")
    lab.serve(name, concurrency=1)
    before = lab.sagemaker.describe_endpoint(EndpointName=name)["LastModifiedTime"]
    jobs = [lab.submit(name, orders="sleep=0.1", Body=b"x") for _ in range(20)]
    lab.sagemaker.create_endpoint_config(**lab.config(f"{name}-next", model=name, concurrency=2))
    lab.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=f"{name}-next")
    updated = lab.wait_in_service(name)
    assert updated["EndpointConfigName"] == f"{name}-next"
    assert updated["LastModifiedTime"] > before
    assert all(not lab.outcome(job).is_failure for job in jobs)
    lab.sagemaker.create_endpoint_config(**lab.config(f"{name}-sync", model=name, is_async=False))
    found = refusal(lab.sagemaker.update_endpoint, EndpointName=name, EndpointConfigName=f"{name}-sync")
    assert found[2].startswith(f"The AsyncInferenceConfig parameter cannot be removed from this endpoint {name}.")


def test_check_58_an_alarm_while_baking_rolls_back(lab: Lab) -> None:
    name = lab.named("c58")
    lab.serve(name)
    lab.sagemaker.create_endpoint_config(**lab.config(f"{name}-next", model=name))
    lab.cloudwatch.put_metric_alarm(
        AlarmName=name, Namespace="test", MetricName="test", Statistic="Sum", Period=60, EvaluationPeriods=1,
        Threshold=1, ComparisonOperator="GreaterThanThreshold", TreatMissingData="ignore",
    )  # fmt: skip
    policy: Any = {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 1200}
        },
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": name}]},
    }
    lab.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=f"{name}-next", DeploymentConfig=policy)
    time.sleep(1)
    lab.cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="the check says so")
    assert lab.wait_in_service(name)["EndpointConfigName"] == name


def test_check_59_what_asynchronous_endpoints_cannot_have(lab: Lab) -> None:
    name = lab.named("c59")
    two = lab.config(name, model=lab.main)
    two["ProductionVariants"].append({**two["ProductionVariants"][0], "VariantName": "Second"})
    assert refusal(lab.sagemaker.create_endpoint_config, **two)[:2] == (400, "ValidationException")
    container: Any = {**lab.place.container, "Mode": "MultiModel", "ModelDataUrl": f"{lab.root}/models/"}
    lab.sagemaker.create_model(**lab.place.model(f"{name}-many") | {"PrimaryContainer": container})
    found = refusal(lab.sagemaker.create_endpoint_config, **lab.config(name, model=f"{name}-many"))
    assert found[:2] == (400, "ValidationException")


def test_check_59_there_is_at_least_one_instance_at_first(lab: Lab) -> None:
    plan = {"VariantName": "v", "ModelName": lab.main, "InitialInstanceCount": 0, "InstanceType": "ml.m5.large"}
    body = json.dumps({"EndpointConfigName": lab.named("c59-zero"), "ProductionVariants": [plan]}).encode()
    target = {"X-Amz-Target": "SageMaker.CreateEndpointConfig", "Content-Type": "application/x-amz-json-1.1"}
    status, _, answer = lab.post("/", target, body)
    assert status == 400
    assert b"Member must have value greater than or equal to 1" in answer


def test_check_60_lists_are_sorted_filtered_and_paged(lab: Lab) -> None:
    name = lab.named("c60")
    for number in range(3):
        lab.sagemaker.create_model(**lab.place.model(f"{name}-{number}"))
    newest = lab.sagemaker.list_models(NameContains=name)["Models"]
    assert [model["ModelName"] for model in newest] == [f"{name}-2", f"{name}-1", f"{name}-0"]
    oldest = lab.sagemaker.list_models(NameContains=name, SortOrder="Ascending", SortBy="Name")["Models"]
    assert [model["ModelName"] for model in oldest] == [f"{name}-0", f"{name}-1", f"{name}-2"]
    pages = lab.sagemaker.get_paginator("list_models").paginate(NameContains=name, PaginationConfig={"PageSize": 2})
    assert [len(page["Models"]) for page in pages] == [2, 1]
    found = lab.sagemaker.list_endpoints(StatusEquals="InService", NameContains=lab.main)["Endpoints"]
    assert [endpoint["EndpointName"] for endpoint in found] == [lab.main]
    assert lab.sagemaker.list_endpoints(StatusEquals="OutOfService", NameContains=lab.main)["Endpoints"] == []


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
    request = lab.config(lab.named("c61"), model=lab.main)
    for part, members in wrong.items():
        request["AsyncInferenceConfig"][part] |= members
    assert refusal(lab.sagemaker.create_endpoint_config, **request)[:2] == (400, "ValidationException")


def test_check_61_no_concurrency_is_refused(lab: Lab) -> None:
    request = lab.config(lab.named("c61"), model=lab.main, concurrency=0)
    body = json.dumps(request).encode()
    target = {"X-Amz-Target": "SageMaker.CreateEndpointConfig", "Content-Type": "application/x-amz-json-1.1"}
    status, _, answer = lab.post("/", target, body)
    assert status == 400
    assert b"maxConcurrentInvocationsPerInstance" in answer
