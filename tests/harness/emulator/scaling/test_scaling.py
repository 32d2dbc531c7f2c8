"""Application Auto Scaling: policies, alarms, cooldowns and activities; decisions as pure functions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.emulator.scaling.alarming import MetricAlarm
from harness.emulator.scaling.decisions import (
    LastActivity,
    Proposal,
    after_cooldown,
    choose,
    is_breaching,
    step_base,
    step_capacity,
    target_capacity,
)
from tests.harness.emulator.world import Refused, World, call, new_world

RESOURCE = "endpoint/ep/variant/AllTraffic"
WHO = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": RESOURCE,
    "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
}


def aas(world: World, operation: str, **request: Any) -> dict[str, Any]:
    return call(world.parts.operations, f"AnyScaleFrontendService.{operation}", request)


def register(world: World, least: int = 0, most: int = 4, **more: Any) -> None:
    aas(world, "RegisterScalableTarget", **WHO, MinCapacity=least, MaxCapacity=most, **more)


def step_policy(world: World, cooldown: int = 300) -> str:
    """Put the documented policy from zero to one, with the user's alarm."""
    answer = aas(
        world,
        "PutScalingPolicy",
        **WHO,
        PolicyName="HasBacklogWithoutCapacity-ScalingPolicy",
        PolicyType="StepScaling",
        StepScalingPolicyConfiguration={
            "AdjustmentType": "ChangeInCapacity",
            "MetricAggregationType": "Average",
            "Cooldown": cooldown,
            "StepAdjustments": [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}],
        },
    )
    arn: str = answer["PolicyARN"]
    world.scaling_alarms.put(
        MetricAlarm(
            "backlog", "AWS/SageMaker", "HasBacklogWithoutCapacity", "ep", None, "Average", 60, 2, 2,
            "GreaterThanOrEqualToThreshold", 1, (arn,),
        )
    )  # fmt: skip
    return arn


def tracking_policy(world: World, target: float = 5.0, **more: Any) -> dict[str, Any]:
    return aas(
        world,
        "PutScalingPolicy",
        **WHO,
        PolicyName="backlog",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": target,
            "CustomizedMetricSpecification": {
                "MetricName": "ApproximateBacklogSizePerInstance",
                "Namespace": "AWS/SageMaker",
                "Dimensions": [{"Name": "EndpointName", "Value": "ep"}],
                "Statistic": "Average",
            },
            "ScaleInCooldown": 600,
            "ScaleOutCooldown": 300,
            **more,
        },
    )


def live(world: World, minutes: float) -> None:
    """Let that many minutes pass, with samples, ticks and steps of the endpoints."""
    for _ in range(int(minutes * 6)):
        world.clock.pass_(10)
        world.parts.publisher.sample()
        world.parts.scaler.tick()
        world.step()


def capacity(world: World) -> int:
    return world.endpoint().capacities["AllTraffic"].instance_count


def to_zero(world: World) -> None:
    world.serve(concurrency=1)
    register(world)
    world.call(
        "UpdateEndpointWeightsAndCapacities",
        EndpointName="ep",
        DesiredWeightsAndCapacities=[{"VariantName": "AllTraffic", "DesiredInstanceCount": 0}],
    )
    world.step_until("ep", lambda endpoint: endpoint.status == "InService")


@pytest.mark.parametrize(("metric", "target", "wanted"), [(1e3, 5e-324, 2**31 - 1), (0.0, 5e-324, 0), (1.0, 1e308, 0)])
def test_a_target_at_the_end_of_a_double_asks_for_a_number(metric: float, target: float, wanted: int) -> None:
    assert target_capacity(1, metric, target) == wanted


def test_from_zero_to_two_and_back_driven_by_jobs_and_policies_alone(world: World) -> None:
    to_zero(world)
    step_policy(world)
    tracking_policy(world)
    live(world, 2)
    for _ in range(10):
        world.submit()
    live(world, 1.5)
    assert capacity(world) == 0, "the alarm needs two minutes"
    live(world, 1.5)
    assert capacity(world) == 1
    world.step_until("ep", lambda endpoint: endpoint.status == "InService")
    live(world, 4)
    assert capacity(world) == 2, "ten jobs, five an instance"
    world.step_until("ep", lambda endpoint: endpoint.status == "InService")
    while world.work() is not None:
        pass
    live(world, 14)
    assert capacity(world) == 2, "low for fourteen minutes is not enough"
    live(world, 4)
    world.step_until("ep", lambda endpoint: endpoint.status == "InService")
    assert capacity(world) == 0
    assert world.runtime.running() == []
    activities = aas(world, "DescribeScalingActivities", ServiceNamespace="sagemaker", ResourceId=RESOURCE)
    newest = activities["ScalingActivities"][0]
    assert newest["Description"] == "Setting desired instance count to 0."
    assert newest["Cause"].startswith(f"monitor alarm TargetTracking-{RESOURCE}-AlarmLow-")
    assert newest["Cause"].endswith("in state ALARM triggered policy backlog")
    assert [one["Description"][-2] for one in activities["ScalingActivities"]] == ["0", "2", "1"]


def test_an_activity_ends_with_the_words_of_aws(world: World) -> None:
    to_zero(world)
    step_policy(world)
    world.submit()
    live(world, 3)
    world.step_until("ep", lambda endpoint: endpoint.status == "InService")
    world.parts.scaler.tick()
    [activity] = aas(world, "DescribeScalingActivities", ServiceNamespace="sagemaker")["ScalingActivities"]
    assert activity["StatusCode"] == "Successful"
    assert activity["StatusMessage"] == (
        "Successfully set desired instance count to 1. Change successfully fulfilled by sagemaker."
    )
    assert activity["Cause"] == (
        "monitor alarm backlog in state ALARM triggered policy HasBacklogWithoutCapacity-ScalingPolicy"
    )


def test_registering_moves_the_capacity_into_the_bounds(world: World) -> None:
    world.serve(count=1)
    register(world, least=2, most=3)
    world.parts.scaler.tick()
    world.step_until("ep", lambda endpoint: endpoint.status == "InService")
    assert capacity(world) == 2
    [activity] = aas(world, "DescribeScalingActivities", ServiceNamespace="sagemaker")["ScalingActivities"]
    assert activity["Cause"] == "minimum capacity was set to 2"


def test_a_suspended_direction_does_not_act(world: World) -> None:
    to_zero(world)
    register(world, SuspendedState={"DynamicScalingOutSuspended": True})
    step_policy(world)
    world.submit()
    live(world, 5)
    assert capacity(world) == 0


def test_target_tracking_shows_its_alarms_and_takes_them_back(world: World) -> None:
    world.serve()
    register(world)
    answer = tracking_policy(world)
    names = [alarm["AlarmName"] for alarm in answer["Alarms"]]
    assert [name.rpartition("-Alarm")[2][:3] for name in names] == ["Hig", "Low"]
    assert set(names) == set(world.scaling_alarms.alarms)
    aas(world, "DeleteScalingPolicy", **WHO, PolicyName="backlog")
    assert world.scaling_alarms.alarms == {}


def test_deleting_the_endpoint_deregisters_its_target(world: World) -> None:
    world.serve()
    register(world)
    tracking_policy(world)
    world.call("DeleteEndpoint", EndpointName="ep")
    world.step()
    assert aas(world, "DescribeScalableTargets", ServiceNamespace="sagemaker")["ScalableTargets"] == []
    assert world.scaling_alarms.alarms == {}


def test_targets_and_policies_are_described_as_they_were_sent(world: World) -> None:
    world.serve()
    register(world, least=1, most=3)
    tracking_policy(world, 7.0)
    [target] = aas(world, "DescribeScalableTargets", ServiceNamespace="sagemaker")["ScalableTargets"]
    assert (target["MinCapacity"], target["MaxCapacity"], target["ResourceId"]) == (1, 3, RESOURCE)
    [policy] = aas(world, "DescribeScalingPolicies", ServiceNamespace="sagemaker")["ScalingPolicies"]
    assert policy["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] == 7.0
    aas(world, "DeregisterScalableTarget", **WHO)
    assert aas(world, "DescribeScalingPolicies", ServiceNamespace="sagemaker")["ScalingPolicies"] == []


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (
            {**WHO, "ResourceId": "endpoint/none/variant/AllTraffic", "MinCapacity": 0, "MaxCapacity": 1},
            "ValidationException",
        ),
        ({**WHO, "ResourceId": "nonsense", "MinCapacity": 0, "MaxCapacity": 1}, "ValidationException"),
        ({**WHO, "MinCapacity": 0}, "ValidationException"),
        ({**WHO, "MinCapacity": 3, "MaxCapacity": 1}, "ValidationException"),
        ({**WHO, "ServiceNamespace": "ecs", "MinCapacity": 0, "MaxCapacity": 1}, "ValidationException"),
    ],
)
def test_a_target_that_makes_no_sense_is_refused(world: World, request_: dict[str, Any], code: str) -> None:
    world.serve()
    with pytest.raises(Refused) as caught:
        aas(world, "RegisterScalableTarget", **request_)
    assert caught.value.code == code


def test_policies_need_a_target(world: World) -> None:
    world.serve()
    with pytest.raises(Refused) as caught:
        tracking_policy(world)
    assert caught.value.code == "ObjectNotFoundException"


def test_a_time_scale_shortens_alarms(tmp_path: Path) -> None:
    world = new_world(tmp_path, time_scale=60.0)
    to_zero(world)
    step_policy(world)
    world.submit()
    for _ in range(40):
        world.clock.pass_(0.1)
        world.parts.publisher.sample()
        world.parts.scaler.tick()
        world.step()
    world.step_until("ep", lambda endpoint: endpoint.status == "InService")
    assert capacity(world) == 1, "two minutes took two seconds"
    world.close()


@pytest.mark.parametrize(
    ("current", "metric", "target", "wanted"),
    [(0, 10, 5, 2), (1, 10, 5, 2), (2, 11, 5, 5), (4, 0, 5, 0), (3, 5, 5, 3), (0, 1, 5, 1)],
)
def test_target_tracking_is_proportional(current: int, metric: float, target: float, wanted: int) -> None:
    assert target_capacity(current, metric, target) == wanted


STEPS = {
    "AdjustmentType": "ChangeInCapacity",
    "StepAdjustments": [
        {"MetricIntervalLowerBound": 0, "MetricIntervalUpperBound": 10, "ScalingAdjustment": 1},
        {"MetricIntervalLowerBound": 10, "ScalingAdjustment": 3},
        {"MetricIntervalUpperBound": 0, "ScalingAdjustment": -1},
    ],
}


@pytest.mark.parametrize(("breach", "wanted"), [(0, 3), (9.9, 3), (10, 5), (50, 5), (-0.1, 1)])
def test_a_step_is_chosen_by_its_interval(breach: float, wanted: int) -> None:
    assert step_capacity(STEPS, 2, breach) == wanted


@pytest.mark.parametrize(
    ("kind", "adjustment", "least", "wanted"),
    [
        ("ExactCapacity", 7, 0, 7),
        ("PercentChangeInCapacity", 50, 0, 6),
        ("PercentChangeInCapacity", 10, 0, 5),
        ("PercentChangeInCapacity", 10, 2, 6),
        ("PercentChangeInCapacity", -50, 0, 2),
    ],
)
def test_adjustment_types(kind: str, adjustment: int, least: int, wanted: int) -> None:
    policy = {
        "AdjustmentType": kind,
        "MinAdjustmentMagnitude": least,
        "StepAdjustments": [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": adjustment}],
    }
    assert step_capacity(policy, 4, 0) == wanted


def test_cooldowns_hold_back_repeated_activities() -> None:
    out = LastActivity(at=0, capacity_before=1, capacity_after=3)
    rules = {"out_seconds": 300.0, "in_seconds": 600.0}
    assert after_cooldown(3, 2, out, 100, **rules) is None
    assert after_cooldown(4, 3, out, 100, **rules) == 4, "more than the last activity did is allowed"
    assert after_cooldown(3, 2, out, 300, **rules) == 3
    came_in = LastActivity(at=0, capacity_before=3, capacity_after=1)
    assert after_cooldown(0, 1, came_in, 599, **rules) is None
    assert after_cooldown(0, 1, came_in, 600, **rules) == 0
    assert after_cooldown(2, 1, came_in, 1, **rules) == 2, "scaling out goes ahead during a scale-in cooldown"
    assert step_base(3, out, 100, 300) == 1
    assert step_base(3, out, 300, 300) == 3


def test_the_largest_wins_and_scaling_in_needs_every_tracking_policy() -> None:
    small, large = Proposal(3, "", "a", "target"), Proposal(5, "", "b", "step")
    assert choose([small, large], 2, 1) == large
    down = Proposal(1, "", "a", "target")
    assert choose([down], 2, 2) is None
    assert choose([down, Proposal(0, "", "b", "target")], 2, 2) == down


def test_a_step_scales_in_without_asking_a_tracking_policy() -> None:
    to_zero, to_one = Proposal(0, "", "a", "step"), Proposal(1, "", "b", "target")
    assert choose([to_zero], 2, 0) == to_zero, "the tracking policy only scales out"
    assert choose([to_zero], 2, 1) == to_zero, "the tracking policy is not ready to scale in"
    assert choose([to_zero, to_one], 2, 1) == to_one, "both at once: the largest"
    assert choose([to_zero, to_one], 2, 2) == to_zero, "one of two tracking policies is not ready"
    assert choose([], 2, 0) is None


def test_missing_data_do_not_breach() -> None:
    assert not is_breaching([None, None, 1.0], "GreaterThanOrEqualToThreshold", 1, 2)
    assert is_breaching([1.0, None, 1.0], "GreaterThanOrEqualToThreshold", 1, 2)
