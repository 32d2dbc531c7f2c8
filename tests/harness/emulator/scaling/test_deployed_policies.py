"""The policies and alarms that `deploy` makes, on the emulator: to zero, awake again, out and back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from deploy import config
from deploy.resources.monitoring import Monitoring
from deploy.resources.scaling import desired_monitoring
from harness.emulator.scaling.cloud_alarms import read_alarm
from tests.deploy.projects import write_project
from tests.harness.emulator.scaling.test_scaling import aas, capacity, live
from tests.harness.emulator.world import World

IDLE_MINUTES = 15


def deploy_policies(world: World, folder: Path, *, most: int = 1) -> Monitoring:
    """Serve one instance, and register, put and alarm as `deploy --promote` does."""
    world.serve(concurrency=1)
    project = write_project(folder, extra=f'[endpoint]\nname = "ep"\n[autoscaling]\nmax_instances = {most}\n')
    assert project.autoscaling.idle_minutes == IDLE_MINUTES
    monitoring = desired_monitoring(config.load(folder / config.FILE_NAME))
    assert monitoring.target is not None
    aas(world, "RegisterScalableTarget", **monitoring.target.request())
    arns = {
        policy.name: aas(world, "PutScalingPolicy", **policy.request(monitoring.target))["PolicyARN"]
        for policy in monitoring.policies
    }
    for alarm in monitoring.scaling_alarms:
        world.scaling_alarms.put(read_alarm(alarm.request(arns)))
    return monitoring


def settled(world: World) -> int:
    world.step_until("ep", lambda endpoint: endpoint.status == "InService")
    return capacity(world)


def answer_everything(world: World) -> None:
    while world.work() is not None:
        pass


def causes(world: World) -> list[str]:
    found = aas(world, "DescribeScalingActivities", ServiceNamespace="sagemaker")["ScalingActivities"]
    return [activity["Cause"].rpartition(" ")[2] for activity in reversed(found)]


@pytest.mark.parametrize("most", [1, 2, 4])
def test_an_idle_endpoint_goes_to_zero_and_a_request_wakes_it(world: World, tmp_path: Path, most: int) -> None:
    deploy_policies(world, tmp_path, most=most)
    live(world, IDLE_MINUTES - 1)
    assert capacity(world) == 1, "a minute before the idle time is over"
    live(world, 3)
    assert settled(world) == 0
    assert world.runtime.running() == []
    live(world, 30)
    assert capacity(world) == 0, "nothing waits, so it stays there"
    world.submit()
    live(world, 3)
    assert settled(world) == 1
    answer_everything(world)
    live(world, IDLE_MINUTES + 3)
    assert settled(world) == 0, "and back again"
    assert causes(world) == ["ep-idle", "ep-from-zero", "ep-idle"]


def test_an_endpoint_with_work_stays(world: World, tmp_path: Path) -> None:
    deploy_policies(world, tmp_path)
    world.submit()
    live(world, 2 * IDLE_MINUTES)
    assert capacity(world) == 1


def test_a_backlog_scales_out_and_the_idle_time_brings_all_back(world: World, tmp_path: Path) -> None:
    deploy_policies(world, tmp_path, most=4)
    for _ in range(14):
        world.submit()
    live(world, 5)
    assert settled(world) == 3, "fourteen requests, five an instance"
    answer_everything(world)
    live(world, IDLE_MINUTES + 3)
    assert settled(world) == 0
    assert causes(world) == ["ep-backlog", "ep-idle"]


def test_tracking_that_may_scale_in_does_not_hold_a_step_back(world: World, tmp_path: Path) -> None:
    """PutScalingPolicy: "the scale-in activity will not be blocked"."""
    monitoring = deploy_policies(world, tmp_path)
    assert monitoring.target is not None
    tracking = next(policy for policy in monitoring.policies if policy.policy_type == "TargetTrackingScaling")
    enabled = replace(tracking, configuration={**tracking.configuration, "DisableScaleIn": False})
    aas(world, "PutScalingPolicy", **enabled.request(monitoring.target))
    shorter = replace(world.scaling_alarms.alarms["ep-idle"], evaluation_periods=5, datapoints_to_alarm=5)
    world.scaling_alarms.put(shorter)
    live(world, 7)
    assert settled(world) == 0, "before the fifteen minutes of the tracking policy's low alarm"
