"""The local cloud's CloudWatch: the emulator reads alarms from it and publishes metrics to it."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from harness.emulator.context.cloud import CloudRefused, CloudUnreachable, mapped
from harness.emulator.metrics.meter import INSTANCE_NAMESPACE, NAMESPACE, Datum

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_cloudwatch.type_defs import MetricDatumTypeDef

_DATA_PER_CALL = 100
log = logging.getLogger(__name__)


class CloudWatchAlarms:
    def __init__(self, client: CloudWatchClient) -> None:
        self._client = client

    def ringing(self, names: Sequence[str]) -> list[str]:
        """Filter by the states in the answer: LocalStack 4.12 ignores StateValue when AlarmNames is given."""
        try:
            with mapped("DescribeAlarms"):
                found = self._client.describe_alarms(AlarmNames=list(names), StateValue="ALARM")
        except (CloudRefused, CloudUnreachable) as error:
            log.warning("alarms could not be read: %s", error)
            return []
        alarms = [*found.get("MetricAlarms", ()), *found.get("CompositeAlarms", ())]
        return [alarm["AlarmName"] for alarm in alarms if alarm["StateValue"] == "ALARM"]


class CloudWatchMetrics:
    def __init__(self, client: CloudWatchClient) -> None:
        self._client = client

    def publish(self, data: Sequence[Datum]) -> None:
        """Publish one statistic set for each metric. Raises CloudRefused or CloudUnreachable."""
        series: dict[tuple[str, str, str | None], list[Datum]] = defaultdict(list)
        for datum in data:
            series[datum.name, datum.endpoint_name, datum.variant_name].append(datum)
        for namespace in (NAMESPACE, INSTANCE_NAMESPACE):
            self._put(namespace, [_entry(each) for each in series.values() if each[-1].namespace == namespace])

    def _put(self, namespace: str, entries: Sequence[MetricDatumTypeDef]) -> None:
        for start in range(0, len(entries), _DATA_PER_CALL):
            with mapped("PutMetricData"):
                chunk = entries[start : start + _DATA_PER_CALL]
                self._client.put_metric_data(Namespace=namespace, MetricData=chunk)


def _entry(data: Sequence[Datum]) -> MetricDatumTypeDef:
    newest, values = data[-1], [datum.value for datum in data]
    dimensions = {"EndpointName": newest.endpoint_name, "VariantName": newest.variant_name}
    return {
        "MetricName": newest.name,
        "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items() if value is not None],
        "Timestamp": datetime.fromtimestamp(newest.at, UTC),
        "StatisticValues": {
            "SampleCount": float(len(values)),
            "Sum": sum(values),
            "Minimum": min(values),
            "Maximum": max(values),
        },
        "Unit": newest.unit,  # type: ignore[typeddict-item]  # every unit in the table is one of CloudWatch's
    }
