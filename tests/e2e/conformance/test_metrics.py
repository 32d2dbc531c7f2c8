"""Checks 68 to 72: metrics and scaling. A minute takes one second in the lab."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from deploy.core.waiting import wait_until
from tests.e2e.conformance.lab.lab import VARIANT, Lab
from tests.e2e.conformance.lab.needs import needs

NEVER_PUBLISHED = {"Invocations", "InvocationsPerInstance", "OverheadLatency"}
RARE = {"Invocation4XXErrors", "Invocation5XXErrors", "ExpiredRequests", "NotificationFailures"}


def until(lab: Lab, attempt: Callable[[], bool | None], what: str, timeout_seconds: float = 20) -> None:
    place = lab.place
    wait_until(
        attempt, what=what, timeout_seconds=place.patient(timeout_seconds), every_seconds=place.every_seconds * 5
    )


def statistic(lab: Lab, name: str, endpoint: str, kind: str, *, by_variant: bool = True) -> float | None:
    dimensions: Any = [{"Name": "EndpointName", "Value": endpoint}]
    if by_variant:
        dimensions.append({"Name": "VariantName", "Value": VARIANT})
    now = datetime.now(UTC)
    found = lab.cloudwatch.get_metric_statistics(
        Namespace="AWS/SageMaker", MetricName=name, Dimensions=dimensions, StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(hours=1), Period=86400, Statistics=[kind],  # type: ignore[list-item]
    )  # fmt: skip
    values = [point[kind] for point in found["Datapoints"]]  # type: ignore[literal-required]
    return values[0] if values else None


def published(lab: Lab, endpoint: str) -> set[str]:
    """Return the names of an endpoint's metrics."""
    pages = lab.cloudwatch.get_paginator("list_metrics").paginate(
        Namespace="AWS/SageMaker", Dimensions=[{"Name": "EndpointName", "Value": endpoint}]
    )
    return {metric["MetricName"] for page in pages for metric in page["Metrics"]}


def units(lab: Lab, endpoint: str, name: str) -> set[str]:
    dimensions: Any = [{"Name": "EndpointName", "Value": endpoint}, {"Name": "VariantName", "Value": VARIANT}]
    now = datetime.now(UTC)
    found = lab.cloudwatch.get_metric_statistics(
        Namespace="AWS/SageMaker", MetricName=name, StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(hours=1), Dimensions=dimensions, Period=86400, Statistics=["Sum"],
    )  # fmt: skip
    return {point["Unit"] for point in found["Datapoints"]}


def test_check_68_successes_are_counted_and_timed(lab: Lab) -> None:
    name = lab.named("c68")
    lab.serve(name)
    for job in [lab.submit(name) for _ in range(5)]:
        lab.outcome(job)
    until(
        lab, lambda: statistic(lab, "InvocationsProcessed", name, "Sum") == 5 or None, "five invocations in the metrics"
    )
    assert statistic(lab, "InvocationFailures", name, "Sum") == 0
    assert units(lab, name, "TimeInBacklog") == {"Milliseconds"}
    assert units(lab, name, "RequestDownloadLatency") == {"Microseconds"}
    assert statistic(lab, "RequestDownloadLatency", name, "Minimum") > 100  # type: ignore[operator]  # there is one
    until(
        lab,
        lambda: statistic(lab, "ApproximateBacklogSize", name, "Minimum", by_variant=False) == 0 or None,
        "an empty backlog in the metrics",
    )


def test_check_69_what_did_not_happen_is_not_published(lab: Lab) -> None:
    lab.serve(lab.named("c69-idle"))
    lab.serve(lab.named("c69-busy"))
    lab.outcome(lab.submit(lab.named("c69-busy")))
    until(
        lab,
        lambda: "InvocationsProcessed" in published(lab, lab.named("c69-busy")) or None,
        "the busy endpoint's metrics",
    )
    until(
        lab,
        lambda: "ApproximateBacklogSize" in published(lab, lab.named("c69-idle")) or None,
        "the idle endpoint's metrics",
    )
    assert "InvocationsProcessed" not in published(lab, lab.named("c69-idle"))
    assert not RARE & published(lab, lab.named("c69-busy"))
    assert {"InvocationFailures", "RequestDownloadFailures", "ResponseUploadFailures"} <= published(
        lab, lab.named("c69-busy")
    )


def test_check_70_a_backlog_without_capacity_says_so(lab: Lab) -> None:
    name = lab.named("c70")
    lab.serve(name)
    until(
        lab,
        lambda: statistic(lab, "HasBacklogWithoutCapacity", name, "Maximum", by_variant=False) == 0 or None,
        "HasBacklogWithoutCapacity 0",
    )
    lab.scale(name, 0)
    lab.submit(name)
    until(
        lab,
        lambda: statistic(lab, "HasBacklogWithoutCapacity", name, "Maximum", by_variant=False) == 1 or None,
        "HasBacklogWithoutCapacity 1",
    )
    assert not NEVER_PUBLISHED & published(lab, name)


def target(endpoint: str) -> dict[str, Any]:
    return {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/{endpoint}/variant/{VARIANT}",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }


def count(lab: Lab, endpoint: str) -> int:
    found = lab.sagemaker.describe_endpoint(EndpointName=endpoint)
    return found["ProductionVariants"][0]["CurrentInstanceCount"] if found["EndpointStatus"] == "InService" else -1


def wait_for_count(lab: Lab, endpoint: str, wanted: int) -> None:
    until(lab, lambda: count(lab, endpoint) == wanted or None, f"{wanted} instances of {endpoint}", 90)


@needs("minutes")
@pytest.mark.timeout(200)
def test_check_71_policies_scale_from_zero_to_the_target_and_back(lab: Lab) -> None:
    name = lab.named("c71")
    lab.serve(name, concurrency=1)
    lab.scaling.register_scalable_target(**target(name), MinCapacity=0, MaxCapacity=3)
    step = lab.scaling.put_scaling_policy(
        **target(name), PolicyName="HasBacklogWithoutCapacity-ScalingPolicy", PolicyType="StepScaling",
        StepScalingPolicyConfiguration={
            "AdjustmentType": "ChangeInCapacity", "MetricAggregationType": "Average", "Cooldown": 300,
            "StepAdjustments": [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}],
        },
    )  # fmt: skip
    lab.cloudwatch.put_metric_alarm(
        AlarmName=f"{name}-backlog", Namespace="AWS/SageMaker", MetricName="HasBacklogWithoutCapacity",
        Statistic="Average", Period=60, EvaluationPeriods=2, DatapointsToAlarm=2, Threshold=1,
        TreatMissingData="missing", ComparisonOperator="GreaterThanOrEqualToThreshold",
        AlarmActions=[step["PolicyARN"]],
        Dimensions=[{"Name": "EndpointName", "Value": name}],
    )  # fmt: skip
    lab.scaling.put_scaling_policy(
        **target(name), PolicyName="backlog", PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": 5.0, "ScaleInCooldown": 600, "ScaleOutCooldown": 300,
            "CustomizedMetricSpecification": {
                "MetricName": "ApproximateBacklogSizePerInstance", "Namespace": "AWS/SageMaker", "Statistic": "Average",
                "Dimensions": [{"Name": "EndpointName", "Value": name}],
            },
        },
    )  # fmt: skip
    lab.scale(name, 0)
    jobs = [lab.submit(name, orders=lab.hold("c71", 6), Body=b"x") for _ in range(10)]
    wait_for_count(lab, name, 1)
    wait_for_count(lab, name, 2)
    lab.open("c71")
    for job in jobs:
        lab.outcome(job)
    wait_for_count(lab, name, 0)
    activities = lab.scaling.describe_scaling_activities(**target(name))["ScalingActivities"]
    counts = [int(one["Description"].removeprefix("Setting desired instance count to ")[:-1]) for one in activities]
    assert counts[-2:] == [2, 1], "newest first"
    assert counts[:-2] in ([0], [0, 1]), "a drain that takes long is left in two steps"
    assert "in state ALARM triggered policy backlog" in activities[0]["Cause"]
    assert activities[-1]["StatusMessage"] == (
        "Successfully set desired instance count to 1. Change successfully fulfilled by sagemaker."
    )


def test_check_72_registering_moves_capacity_and_deleting_deregisters(lab: Lab) -> None:
    name = lab.named("c72")
    lab.serve(name)
    lab.scaling.register_scalable_target(**target(name), MinCapacity=2, MaxCapacity=2)
    wait_for_count(lab, name, 2)
    lab.sagemaker.delete_endpoint(EndpointName=name)
    lab.sagemaker.get_waiter("endpoint_deleted").wait(EndpointName=name, WaiterConfig=lab.place.waiter)
    found = lab.scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    assert target(name)["ResourceId"] not in [one["ResourceId"] for one in found]
