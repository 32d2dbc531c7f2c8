"""Checks 68 to 72: metrics and scaling. The lab's minutes take a second."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from harness.waiting import wait_until
from tests.e2e.conformance.lab import VARIANT, Lab

NEVER_PUBLISHED = {"Invocations", "InvocationsPerInstance", "OverheadLatency"}
RARE = {"Invocation4XXErrors", "Invocation5XXErrors", "ExpiredRequests", "NotificationFailures"}


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
    """The names of an endpoint's metrics."""
    found = lab.cloudwatch.list_metrics(Namespace="AWS/SageMaker")["Metrics"]
    mine = {"Name": "EndpointName", "Value": endpoint}
    return {metric["MetricName"] for metric in found if mine in metric["Dimensions"]}


def units(lab: Lab, endpoint: str, name: str) -> set[str]:
    dimensions: Any = [{"Name": "EndpointName", "Value": endpoint}, {"Name": "VariantName", "Value": VARIANT}]
    now = datetime.now(UTC)
    found = lab.cloudwatch.get_metric_statistics(
        Namespace="AWS/SageMaker", MetricName=name, StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(hours=1), Dimensions=dimensions, Period=86400, Statistics=["Sum"],
    )  # fmt: skip
    return {point["Unit"] for point in found["Datapoints"]}


def test_check_68_successes_are_counted_and_timed(lab: Lab) -> None:
    lab.serve("c68")
    for job in [lab.submit("c68") for _ in range(5)]:
        lab.outcome(job)
    wait_until(
        lambda: statistic(lab, "InvocationsProcessed", "c68", "Sum") == 5 or None,
        what="five invocations in the metrics", timeout_seconds=20, every_seconds=0.5,
    )  # fmt: skip
    assert statistic(lab, "InvocationFailures", "c68", "Sum") == 0
    assert units(lab, "c68", "TimeInBacklog") == {"Milliseconds"}
    assert units(lab, "c68", "RequestDownloadLatency") == {"Microseconds"}
    assert statistic(lab, "RequestDownloadLatency", "c68", "Minimum") > 100  # type: ignore[operator]  # there is one
    wait_until(
        lambda: statistic(lab, "ApproximateBacklogSize", "c68", "Minimum", by_variant=False) == 0 or None,
        what="an empty backlog in the metrics", timeout_seconds=20, every_seconds=0.5,
    )  # fmt: skip


def test_check_69_what_did_not_happen_is_not_published(lab: Lab) -> None:
    lab.serve("c69-idle")
    lab.serve("c69-busy")
    lab.outcome(lab.submit("c69-busy"))
    wait_until(
        lambda: "InvocationsProcessed" in published(lab, "c69-busy") or None,
        what="the busy endpoint's metrics", timeout_seconds=20, every_seconds=0.5,
    )  # fmt: skip
    wait_until(
        lambda: "ApproximateBacklogSize" in published(lab, "c69-idle") or None,
        what="the idle endpoint's metrics", timeout_seconds=20, every_seconds=0.5,
    )  # fmt: skip
    assert "InvocationsProcessed" not in published(lab, "c69-idle")
    assert not RARE & published(lab, "c69-busy")
    assert {"InvocationFailures", "RequestDownloadFailures", "ResponseUploadFailures"} <= published(lab, "c69-busy")


def test_check_70_a_backlog_without_capacity_says_so(lab: Lab) -> None:
    lab.serve("c70")
    wait_until(
        lambda: statistic(lab, "HasBacklogWithoutCapacity", "c70", "Maximum", by_variant=False) == 0 or None,
        what="HasBacklogWithoutCapacity 0", timeout_seconds=20, every_seconds=0.5,
    )  # fmt: skip
    lab.scale("c70", 0)
    lab.submit("c70")
    wait_until(
        lambda: statistic(lab, "HasBacklogWithoutCapacity", "c70", "Maximum", by_variant=False) == 1 or None,
        what="HasBacklogWithoutCapacity 1", timeout_seconds=20, every_seconds=0.5,
    )  # fmt: skip
    assert not NEVER_PUBLISHED & published(lab, "c70")


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
    wait_until(
        lambda: count(lab, endpoint) == wanted or None,
        what=f"{wanted} instances of {endpoint}", timeout_seconds=90, every_seconds=0.2,
    )  # fmt: skip


@pytest.mark.timeout(200)
def test_check_71_policies_scale_from_zero_to_the_target_and_back(lab: Lab) -> None:
    lab.serve("c71", concurrency=1)
    lab.scaling.register_scalable_target(**target("c71"), MinCapacity=0, MaxCapacity=3)
    step = lab.scaling.put_scaling_policy(
        **target("c71"), PolicyName="HasBacklogWithoutCapacity-ScalingPolicy", PolicyType="StepScaling",
        StepScalingPolicyConfiguration={
            "AdjustmentType": "ChangeInCapacity", "MetricAggregationType": "Average", "Cooldown": 300,
            "StepAdjustments": [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}],
        },
    )  # fmt: skip
    lab.cloudwatch.put_metric_alarm(
        AlarmName="c71-backlog", Namespace="AWS/SageMaker", MetricName="HasBacklogWithoutCapacity", Statistic="Average",
        Period=60, EvaluationPeriods=2, DatapointsToAlarm=2, Threshold=1, TreatMissingData="missing",
        ComparisonOperator="GreaterThanOrEqualToThreshold", AlarmActions=[step["PolicyARN"]],
        Dimensions=[{"Name": "EndpointName", "Value": "c71"}],
    )  # fmt: skip
    lab.scaling.put_scaling_policy(
        **target("c71"), PolicyName="backlog", PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": 5.0, "ScaleInCooldown": 600, "ScaleOutCooldown": 300,
            "CustomizedMetricSpecification": {
                "MetricName": "ApproximateBacklogSizePerInstance", "Namespace": "AWS/SageMaker", "Statistic": "Average",
                "Dimensions": [{"Name": "EndpointName", "Value": "c71"}],
            },
        },
    )  # fmt: skip
    lab.scale("c71", 0)
    jobs = [lab.submit("c71", orders="hold=c71", Body=b"x") for _ in range(10)]
    wait_for_count(lab, "c71", 1)
    wait_for_count(lab, "c71", 2)
    lab.obedient.gates["c71"].set()
    for job in jobs:
        lab.outcome(job)
    wait_for_count(lab, "c71", 0)
    activities = lab.scaling.describe_scaling_activities(**target("c71"))["ScalingActivities"]
    assert [one["Description"] for one in activities] == [
        f"Setting desired instance count to {number}." for number in (0, 2, 1)
    ]
    assert "in state ALARM triggered policy backlog" in activities[0]["Cause"]
    assert activities[-1]["StatusMessage"] == (
        "Successfully set desired instance count to 1. Change successfully fulfilled by sagemaker."
    )


def test_check_72_registering_moves_capacity_and_deleting_deregisters(lab: Lab) -> None:
    lab.serve("c72")
    lab.scaling.register_scalable_target(**target("c72"), MinCapacity=2, MaxCapacity=2)
    wait_for_count(lab, "c72", 2)
    lab.sagemaker.delete_endpoint(EndpointName="c72")
    lab.sagemaker.get_waiter("endpoint_deleted").wait(EndpointName="c72", WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    found = lab.scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    assert target("c72")["ResourceId"] not in [one["ResourceId"] for one in found]
