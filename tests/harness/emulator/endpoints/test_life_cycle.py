"""The life of endpoints: creation, failure, replacement, updates, rollbacks, deletion."""

from __future__ import annotations

from typing import Any

import pytest

from harness.core.errors import MachineCannot, ModelDataError
from harness.emulator.store.catalog import Endpoint
from tests.harness.emulator.containers import Said, Seen, echo
from tests.harness.emulator.world import ERROR, SUCCESS, Refused, World


def in_service(endpoint: Endpoint) -> bool:
    return endpoint.status == "InService"


def test_an_endpoint_is_creating_then_in_service(world: World) -> None:
    world.create()
    assert world.call("DescribeEndpoint", EndpointName="ep")["EndpointStatus"] == "Creating"
    world.step_until("ep", in_service)
    found = world.call("DescribeEndpoint", EndpointName="ep")
    assert found["EndpointStatus"] == "InService"
    assert found["AsyncInferenceConfig"]["OutputConfig"]["S3OutputPath"] == "s3://bucket/out"
    [variant] = found["ProductionVariants"]
    assert (variant["CurrentInstanceCount"], variant["DesiredInstanceCount"]) == (1, 1)
    assert "PendingDeploymentSummary" not in found


def test_each_topic_gets_a_test_message_before_any_result(world: World) -> None:
    world.serve()
    assert [topic for topic, _ in world.topics.published] == [SUCCESS, ERROR]
    assert {text for _, text in world.topics.published} == {
        '{"eventVersion":"1.0","eventSource":"aws:sagemaker","eventName":"TestNotification"}'
    }


def test_a_missing_topic_fails_the_creation(world: World) -> None:
    world.topics.missing.add(ERROR)
    world.create()
    found = world.step_until("ep", lambda endpoint: endpoint.status == "Failed")
    assert ERROR in str(found.failure_reason)


def test_an_unhealthy_container_fails_the_endpoint_after_its_startup_timeout(world: World) -> None:
    world.script.is_healthy = lambda: False
    world.create(timeout_seconds=60)
    world.step()
    world.clock.pass_(59)
    world.step()
    assert world.endpoint().status == "Creating"
    world.clock.pass_(1)
    world.step()
    failed = world.endpoint()
    assert failed.status == "Failed"
    assert str(failed.failure_reason).startswith(
        "The primary container for production variant AllTraffic did not pass the ping health check."
        " Please check CloudWatch logs for this endpoint."
    )
    assert "ValueError: no weights" in str(failed.failure_reason)
    assert len(str(failed.failure_reason)) <= 1024
    assert world.runtime.running() == []
    world.call("DeleteEndpoint", EndpointName="ep")
    world.step()
    with pytest.raises(Refused, match="Could not find endpoint"):
        world.call("DescribeEndpoint", EndpointName="ep")


def test_a_container_that_ends_at_its_start_fails_the_endpoint_at_once(world: World) -> None:
    world.script.is_healthy = lambda: False
    world.create()
    world.step()
    world.runtime.instances[0].crash()
    world.step()
    assert "exited with code 1" in str(world.endpoint().failure_reason)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ModelDataError("could not find model data at s3://bucket/m.tar.gz"), "Failed to download model data"),
        (MachineCannot("there is no Java"), "there is no Java"),
        (OSError("no space left on device"), "no space left on device"),
    ],
)
def test_the_failure_reason_names_why_a_container_did_not_start(world: World, error: Exception, text: str) -> None:
    world.script.start_error = error
    world.create()
    world.step()
    assert text in str(world.endpoint().failure_reason)
    assert list(world.settings.work_root.iterdir()) == []


def test_a_dead_instance_is_replaced_with_growing_rests(world: World) -> None:
    world.serve()
    world.runtime.instances[0].crash()
    world.step()
    assert len(world.runtime.instances) == 1, "it rests for a second first"
    world.clock.pass_(1)
    world.step_until("ep", lambda _: bool(world.runtime.running()))
    assert world.endpoint().status == "InService"
    world.step_until("ep", lambda endpoint: world.parts.registry.instance_counts(endpoint.id) == {"AllTraffic": 1})


def test_an_instance_that_stops_answering_pings_is_replaced(world: World) -> None:
    world.serve()
    world.script.is_healthy = lambda: False
    for _ in range(world.settings.ping_failures_before_replacement):
        assert len(world.runtime.running()) == 1
        world.clock.pass_(1)
        world.step()
    assert world.runtime.running() == []


@pytest.mark.parametrize("operation", ["UpdateEndpoint", "UpdateEndpointWeightsAndCapacities", "DeleteEndpoint"])
def test_a_busy_endpoint_takes_no_changes(world: World, operation: str) -> None:
    world.create()
    requests: dict[str, dict[str, Any]] = {
        "UpdateEndpoint": {"EndpointConfigName": "ep"},
        "UpdateEndpointWeightsAndCapacities": {
            "DesiredWeightsAndCapacities": [{"VariantName": "AllTraffic", "DesiredInstanceCount": 1}]
        },
        "DeleteEndpoint": {},
    }
    with pytest.raises(Refused) as caught:
        world.call(operation, EndpointName="ep", **requests[operation])
    assert caught.value.message == (
        'Cannot update in-progress endpoint "arn:aws:sagemaker:eu-west-1:000000000000:endpoint/ep".'
    )


def scale(world: World, count: int, name: str = "ep") -> None:
    world.call(
        "UpdateEndpointWeightsAndCapacities",
        EndpointName=name,
        DesiredWeightsAndCapacities=[{"VariantName": "AllTraffic", "DesiredInstanceCount": count}],
    )


def test_at_zero_instances_jobs_are_taken_and_wait(world: World) -> None:
    world.serve()
    scale(world, 0)
    assert world.endpoint().status == "Updating"
    world.step_until("ep", in_service)
    assert world.runtime.running() == []
    assert world.call("DescribeEndpoint", EndpointName="ep")["ProductionVariants"][0]["CurrentInstanceCount"] == 0
    world.submit()
    assert world.work() is None
    scale(world, 2)
    world.step_until("ep", in_service)
    assert len(world.runtime.running()) == 2
    assert world.work() is not None


def test_scaling_in_drains_before_it_stops(world: World) -> None:
    endpoint = world.serve(count=1)
    slot = world.parts.registry.acquire(endpoint.id)
    assert slot is not None
    scale(world, 0)
    for _ in range(3):
        world.step()
    assert len(world.runtime.running()) == 1
    assert world.endpoint().status == "Updating"
    slot.release()
    world.step_until("ep", in_service)
    assert world.runtime.running() == []


def test_a_scale_out_that_cannot_start_rolls_back(world: World) -> None:
    world.serve()
    world.script.start_error = ModelDataError("gone")
    scale(world, 3)
    world.step()
    assert world.endpoint().status == "RollingBack"
    rolled = world.step_until("ep", in_service)
    assert rolled.capacities["AllTraffic"].instance_count == 1
    assert "gone" in str(rolled.failure_reason)


def deploy(world: World, policy: dict[str, Any] | None = None, *, name: str = "v2", **how: Any) -> None:
    world.create_config(name, **how)
    extra = {"DeploymentConfig": policy} if policy else {}
    world.call("UpdateEndpoint", EndpointName="ep", EndpointConfigName=name, **extra)


def all_at_once(wait: int = 0, termination: int = 0) -> dict[str, Any]:
    return {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": wait},
            "TerminationWaitInSeconds": termination,
        },
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "errors"}]},
    }


def test_an_update_moves_to_the_new_config_and_keeps_the_queue(world: World) -> None:
    world.serve()
    scale(world, 0)
    world.step_until("ep", in_service)
    world.submit()
    before = world.endpoint().modified_at
    world.clock.pass_(10)
    deploy(world)
    pending = world.call("DescribeEndpoint", EndpointName="ep")["PendingDeploymentSummary"]
    assert pending["EndpointConfigName"] == "v2"
    updated = world.step_until("ep", in_service)
    assert updated.deployment.config_name == "v2"
    assert updated.modified_at > before
    assert len(world.runtime.running()) == 1, "back at InitialInstanceCount"
    assert world.work() is not None


def test_an_update_can_retain_the_instance_count(world: World) -> None:
    world.serve()
    scale(world, 3)
    world.step_until("ep", in_service)
    world.create_config("v2")
    world.call("UpdateEndpoint", EndpointName="ep", EndpointConfigName="v2", RetainAllVariantProperties=True)
    assert world.step_until("ep", in_service).capacities["AllTraffic"].instance_count == 3


def test_the_asynchronous_config_cannot_be_removed(world: World) -> None:
    world.serve()
    with pytest.raises(Refused, match="The AsyncInferenceConfig parameter cannot be removed from this endpoint ep"):
        deploy(world, is_async=False)


def test_an_alarm_while_baking_brings_the_old_config_back(world: World) -> None:
    world.serve()
    deploy(world, all_at_once(wait=600))
    world.step_until("ep", lambda _: len(world.runtime.running()) == 2)
    world.clock.pass_(100)
    world.alarms.loud.add("errors")
    rolled = world.step_until("ep", in_service)
    assert rolled.deployment.config_name == "ep"
    assert "errors" in str(rolled.failure_reason)
    assert len(world.runtime.running()) == 1


def pending_status(world: World) -> Any:
    pending = world.call("DescribeEndpoint", EndpointName="ep").get("PendingDeploymentSummary")
    return pending and pending["ProductionVariants"][0]["VariantStatus"][0]


def test_describe_says_when_the_new_fleet_bakes_so_that_a_deployer_can_try_it_then(world: World) -> None:
    world.serve()
    deploy(world, all_at_once(termination=600))
    assert pending_status(world) == {"Status": "Creating"}
    world.step_until("ep", lambda _: len(world.runtime.running()) == 2)
    world.step_until("ep", lambda _: pending_status(world)["Status"] == "Baking")
    assert pending_status(world)["StatusMessage"] == "Baking for 600 seconds (TerminationWaitInSeconds)"
    world.clock.pass_(600)
    world.step_until("ep", in_service)
    assert pending_status(world) is None


def test_a_green_fleet_that_never_gets_healthy_is_rolled_back(world: World) -> None:
    world.serve()
    world.script.start_error = ModelDataError("gone")
    deploy(world)
    rolled = world.step_until("ep", in_service)
    assert rolled.deployment.config_name == "ep"
    assert len(world.runtime.running()) == 1


def test_a_canary_gets_its_share_then_everything(world: World) -> None:
    world.serve(count=2, concurrency=1000)
    policy = {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {
                "Type": "CANARY",
                "WaitIntervalInSeconds": 60,
                "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 50},
            },
            "TerminationWaitInSeconds": 30,
        }
    }
    old = {instance.spec.instance_id for instance in world.runtime.instances}
    deploy(world, policy, count=2, concurrency=1000)
    world.step_until("ep", lambda _: len(world.runtime.running()) == 4 and share(world) == 0.5)
    assert sent_to(world, old, 20) == 10
    world.clock.pass_(60)
    world.step_until("ep", lambda _: share(world) == 1.0)
    assert sent_to(world, old, 10) == 0
    world.clock.pass_(60)
    world.step()
    world.step()
    assert len(world.runtime.running()) == 4, "the old fleet waits for its termination"
    world.clock.pass_(30)
    world.step_until("ep", in_service)
    assert len(world.runtime.running()) == 2


def share(world: World) -> float:
    rollout = world.parts.registry.actors()[0]._rollout
    return 0.0 if rollout is None else rollout.share


def sent_to(world: World, instances: set[str], jobs: int) -> int:
    """Return how many of that many jobs went to these instances."""
    before = len(world.script.seen)
    for _ in range(jobs):
        world.submit()
        world.work()
    return sum(seen.instance_id in instances for seen in world.script.seen[before:])


def test_a_linear_update_goes_by_steps(world: World) -> None:
    world.serve(count=1)
    policy = {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {
                "Type": "LINEAR",
                "WaitIntervalInSeconds": 60,
                "LinearStepSize": {"Type": "CAPACITY_PERCENT", "Value": 25},
            }
        }
    }
    deploy(world, policy)
    seen = []
    for _ in range(4):
        before = share(world)
        world.step_until("ep", lambda _: share(world) > before)  # noqa: B023 - called within the loop
        seen.append(share(world))
        world.clock.pass_(60)
        world.step()
    assert seen == [0.25, 0.5, 0.75, 1.0]
    world.step_until("ep", in_service)


def test_a_rolling_update_never_runs_both_whole_fleets(world: World) -> None:
    world.serve(count=4)
    policy = {
        "RollingUpdatePolicy": {
            "MaximumBatchSize": {"Type": "CAPACITY_PERCENT", "Value": 50},
            "WaitIntervalInSeconds": 60,
        }
    }
    deploy(world, policy, count=4)
    most = 0
    for _ in range(1000):
        world.step()
        most = max(most, len(world.runtime.running()))
        world.clock.pass_(5)
        if in_service(world.endpoint()):
            break
    assert world.endpoint().deployment.config_name == "v2"
    assert most <= 6
    assert len(world.runtime.running()) == 4


def test_endpoints_come_back_after_a_restart(world: World) -> None:
    world.serve(count=2)
    for instance in world.runtime.running():
        instance.stop()
    world.restart()
    assert world.endpoint().status == "InService"
    world.step_until("ep", lambda endpoint: world.parts.registry.instance_counts(endpoint.id) == {"AllTraffic": 2})


def test_an_update_cut_by_a_restart_is_finished(world: World) -> None:
    world.serve()
    deploy(world, all_at_once(wait=600))
    world.step_until("ep", lambda _: len(world.runtime.running()) == 2)
    for instance in world.runtime.running():
        instance.stop()
    world.restart()
    assert world.endpoint().status == "Updating"
    world.step_until("ep", lambda _: share(world) == 1.0)
    world.clock.pass_(601)
    assert world.step_until("ep", in_service).deployment.config_name == "v2"


def test_jobs_go_to_the_idlest_instance_up_to_the_limit(world: World) -> None:
    endpoint = world.serve(count=2, concurrency=2)
    slots = [world.parts.registry.acquire(endpoint.id) for _ in range(5)]
    assert slots[4] is None
    names = [slot.stream.instance_id for slot in slots if slot is not None]
    assert sorted(names.count(name) for name in set(names)) == [2, 2]


def test_a_container_may_answer_before_it_has_read_everything(world: World) -> None:
    world.serve()

    def refuse(seen: Seen) -> Said:
        return Said(413, b"too large")

    world.script.answer = refuse
    accepted = world.submit(body=b"x" * 3_000_000)
    world.work()
    assert world.objects.stored[str(accepted.failure_location)].body == b"too large"
    world.script.answer = echo
