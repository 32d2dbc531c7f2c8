"""Which metrics an endpoint publishes, with which units and dimensions, and which it does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.emulator.metrics.cloudwatch import CloudWatchMetrics
from harness.emulator.metrics.meter import Datum, Meter
from tests.harness.emulator.containers import Said
from tests.harness.emulator.world import World, new_world

BACKLOG = {"ApproximateBacklogSize", "ApproximateAgeOfOldestRequest", "HasBacklogWithoutCapacity"}
PER_INSTANCE = "ApproximateBacklogSizePerInstance"


def published(world: World) -> dict[str, list[float]]:
    world.parts.publisher.publish()
    found: dict[str, list[float]] = {}
    for datum in world.metrics.published:
        found.setdefault(datum.name, []).append(datum.value)
    return found


def test_an_idle_endpoint_has_its_backlog_and_nothing_else(world: World) -> None:
    world.serve()
    assert published(world) == {**{name: [0.0] for name in BACKLOG}, PER_INSTANCE: [0.0]}


def test_after_successes_the_rare_ones_are_absent_and_failures_are_zero(world: World) -> None:
    world.serve()
    for _ in range(3):
        world.submit()
        world.work()
    found = published(world)
    assert found["InvocationsProcessed"] == [1, 1, 1]
    for name in ("InvocationFailures", "RequestDownloadFailures", "ResponseUploadFailures"):
        assert found[name] == [0, 0, 0]
    latencies = {
        "RequestDownloadLatency",
        "ResponseUploadLatency",
        "TimeInBacklog",
        "TotalProcessingTime",
        "ModelLatency",
    }
    assert latencies <= set(found)
    rare = {"Invocation4XXErrors", "Invocation5XXErrors", "ExpiredRequests", "NotificationFailures"}
    assert not (rare | {"Invocations", "InvocationsPerInstance", "OverheadLatency"}) & set(found)


@pytest.mark.parametrize(("status", "name"), [(400, "Invocation4XXErrors"), (500, "Invocation5XXErrors")])
def test_a_containers_error_is_counted_by_its_kind(world: World, status: int, name: str) -> None:
    world.serve()
    world.script.answer = lambda _: Said(status)
    world.submit()
    world.work()
    found = published(world)
    assert found[name] == [1]
    assert found["InvocationFailures"] == [1]


def test_time_in_the_backlog_is_in_milliseconds(world: World) -> None:
    world.serve()
    world.submit()
    world.clock.pass_(2)
    world.work()
    assert published(world)["TimeInBacklog"] == [2000]
    assert {datum.unit for datum in world.metrics.published if datum.name == "TimeInBacklog"} == {"Milliseconds"}


def test_the_backlog_counts_what_waits_and_what_is_worked_on(world: World) -> None:
    endpoint = world.serve(concurrency=1)
    for _ in range(3):
        world.submit()
    world.clock.pass_(7)
    assert world.parts.engine.assign(endpoint.id) is not None
    found = published(world)
    assert found["ApproximateBacklogSize"] == [3]
    assert found["ApproximateAgeOfOldestRequest"] == [7]
    assert found[PER_INSTANCE] == [3]


@pytest.mark.parametrize(("is_published", "expected"), [(False, None), (True, [2.0])])
def test_the_backlog_per_instance_at_zero_instances_follows_the_setting(
    tmp_path: Path, is_published: bool, expected: list[float] | None
) -> None:
    world = new_world(tmp_path, backlog_per_instance_at_zero=is_published)
    world.serve()
    world.call(
        "UpdateEndpointWeightsAndCapacities",
        EndpointName="ep",
        DesiredWeightsAndCapacities=[{"VariantName": "AllTraffic", "DesiredInstanceCount": 0}],
    )
    world.step_until("ep", lambda endpoint: endpoint.status == "InService")
    world.submit()
    world.submit()
    found = published(world)
    assert found["HasBacklogWithoutCapacity"] == [1]
    assert found.get(PER_INSTANCE) == expected
    world.close()


def test_while_the_cloud_is_away_metrics_are_kept(world: World) -> None:
    world.serve()
    world.metrics.is_reachable = False
    world.parts.publisher.publish()
    world.metrics.is_reachable = True
    assert published(world)["ApproximateBacklogSize"] == [0, 0]


def test_a_meter_that_nobody_reads_stays_bounded() -> None:
    meter = Meter()
    for number in range(150_000):
        meter.note(Datum("InvocationsProcessed", number, float(number), "ep", None))
    assert len(meter.take()) == 100_000
    assert len(meter.recent("InvocationsProcessed", "ep", None, since=0, until=1e9)) <= 5_000


class Recorder:
    """The part of CloudWatch's client that the emulator uses."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    def put_metric_data(self, **request: Any) -> None:
        self.sent.append(request)


def test_a_minutes_data_are_one_statistic_set_a_metric() -> None:
    recorder = Recorder()
    data = [Datum("TimeInBacklog", value, 1.0, "ep", "v") for value in (1.0, 2.0, 6.0)]
    sink = CloudWatchMetrics(recorder)  # type: ignore[arg-type]  # one method of the client is all it needs
    sink.publish([*data, Datum("ApproximateBacklogSize", 4.0, 1.0, "ep", None)])
    [request] = recorder.sent
    assert request["Namespace"] == "AWS/SageMaker"
    timed, backlog = request["MetricData"]
    assert timed["StatisticValues"] == {"SampleCount": 3.0, "Sum": 9.0, "Minimum": 1.0, "Maximum": 6.0}
    assert timed["Dimensions"] == [{"Name": "EndpointName", "Value": "ep"}, {"Name": "VariantName", "Value": "v"}]
    assert backlog["Dimensions"] == [{"Name": "EndpointName", "Value": "ep"}]
    assert backlog["Unit"] == "Count"
