"""Alarms as the local cloud answers them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from harness.emulator.metrics.cloudwatch import CloudWatchAlarms
from harness.local_cloud.clients import local_client
from harness.local_cloud.localstack import EmbeddedCloud, start_embedded

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedCloud]:
    with start_embedded(state_dir=tmp_path_factory.mktemp("cloud")) as running:
        yield running


def test_only_the_alarm_that_rings_is_ringing(cloud: EmbeddedCloud) -> None:
    client = local_client("cloudwatch", endpoint_url=cloud.url)
    for name in ("quiet", "loud"):
        client.put_metric_alarm(
            AlarmName=name,
            Namespace="Deploy",
            MetricName=name,
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanOrEqualToThreshold",
            TreatMissingData="notBreaching",
        )
    alarms = CloudWatchAlarms(client)
    assert alarms.ringing(["quiet", "loud"]) == []
    client.set_alarm_state(AlarmName="loud", StateValue="ALARM", StateReason="a test says so")
    assert alarms.ringing(["quiet", "loud"]) == ["loud"]
    assert alarms.ringing(["quiet"]) == []
