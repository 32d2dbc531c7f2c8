"""The metrics of instances: usage divided by the limit, between two measurements."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.emulator.metrics.cloudwatch import CloudWatchMetrics
from harness.emulator.metrics.meter import INSTANCE_NAMESPACE, Datum
from harness.emulator.monitoring.utilisation import Utilisation
from harness.local_cloud.clients import local_client
from harness.local_cloud.localstack import EmbeddedCloud, start_embedded
from harness.serving.instances.gpu import GpuUsage, parse_usage
from harness.serving.instances.runtime import InstanceSpec, InstanceUsage
from tests.harness.emulator.containers import Script, ScriptedInstance

GIB = 1 << 30


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[ScriptedInstance]:
    script = Script(usage=lambda: InstanceUsage(10.0, GIB, 16 * GIB))
    spec = InstanceSpec("i-1", "ep", "AllTraffic", "image:1", None, {}, tmp_path / "work", tmp_path / "log")
    made = ScriptedInstance(spec, script)
    yield made
    made.stop()


def values(data: list[Datum]) -> dict[str, float]:
    return {datum.name: datum.value for datum in data}


def test_cpu_utilisation_is_the_use_between_two_measurements(tmp_path: Path, instance: ScriptedInstance) -> None:
    now = [100.0]
    seen = Utilisation(lambda: [instance], tmp_path, lambda: now[0])
    assert "CPUUtilization" not in values(seen.data())
    now[0] = 160.0
    instance.script.usage = lambda: InstanceUsage(100.0, 4 * GIB, 16 * GIB)
    found = values(seen.data())
    assert found["CPUUtilization"] == pytest.approx(150.0), "90 CPU seconds in 60 seconds: one core and a half"
    assert found["MemoryUtilization"] == pytest.approx(25.0)
    assert 0.0 < found["DiskUtilization"] <= 100.0


def test_a_process_that_ended_does_not_make_cpu_negative(tmp_path: Path, instance: ScriptedInstance) -> None:
    now = [100.0]
    seen = Utilisation(lambda: [instance], tmp_path, lambda: now[0])
    seen.data()
    now[0] = 160.0
    instance.script.usage = lambda: InstanceUsage(3.0, GIB, 16 * GIB)
    assert values(seen.data())["CPUUtilization"] == 0.0


def test_an_instance_that_cannot_be_measured_has_no_datapoint(tmp_path: Path, instance: ScriptedInstance) -> None:
    instance.script.usage = lambda: None
    assert Utilisation(lambda: [instance], tmp_path, lambda: 1.0).data() == []


def test_gpu_metrics_are_published_where_the_machine_has_gpus(tmp_path: Path, instance: ScriptedInstance) -> None:
    seen = Utilisation(lambda: [instance], tmp_path, lambda: 1.0, gpu=lambda: GpuUsage(37.0, 12.5))
    found = values(seen.data())
    assert (found["GPUUtilization"], found["GPUMemoryUtilization"]) == (37.0, 12.5)


@pytest.mark.parametrize(
    ("table", "usage"),
    [
        ("37, 1920, 15360\n", GpuUsage(37.0, 12.5)),
        ("37, 1920, 15360\n50, 0, 15360\n", GpuUsage(87.0, 12.5)),
        ("[N/A], 1920, 15360\n", None),
        ("", None),
        ("No devices were found\n", None),
    ],
)
def test_the_values_of_nvidia_smi_are_summed_over_the_gpus(table: str, usage: GpuUsage | None) -> None:
    assert parse_usage(table) == usage


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedCloud]:
    with start_embedded(state_dir=tmp_path_factory.mktemp("cloud")) as running:
        yield running


@pytest.mark.e2e
def test_they_are_published_in_the_namespace_of_instances(
    cloud: EmbeddedCloud, tmp_path: Path, instance: ScriptedInstance
) -> None:
    client = local_client("cloudwatch", endpoint_url=cloud.url)
    CloudWatchMetrics(client).publish(Utilisation(lambda: [instance], tmp_path, lambda: 1_700_000_000.0).data())
    listed = client.list_metrics(Namespace=INSTANCE_NAMESPACE)["Metrics"]
    assert {metric["MetricName"] for metric in listed} == {"MemoryUtilization", "DiskUtilization"}
    named = [{one["Name"]: one["Value"] for one in metric["Dimensions"]} for metric in listed]
    assert named == [{"EndpointName": "ep", "VariantName": "AllTraffic"}] * 2
