"""The local cloud's CloudWatch, as far as the emulator uses it: alarms are read, metrics are published."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from harness.sagemaker.cloud import CloudRefused, CloudUnreachable, mapped
from harness.sagemaker.metrics import NAMESPACE, Datum

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_cloudwatch.type_defs import MetricDatumTypeDef

_DATA_PER_CALL = 500
log = logging.getLogger(__name__)


class CloudWatchAlarms:
    def __init__(self, client: CloudWatchClient) -> None:
        self._client = client

    def ringing(self, names: Sequence[str]) -> list[str]:
        try:
            with mapped("DescribeAlarms"):
                found = self._client.describe_alarms(AlarmNames=list(names), StateValue="ALARM")
        except (CloudRefused, CloudUnreachable) as error:
            log.warning("alarms could not be read: %s", error)
            return []
        metric = [alarm["AlarmName"] for alarm in found.get("MetricAlarms", ())]
        return metric + [alarm["AlarmName"] for alarm in found.get("CompositeAlarms", ())]


class CloudWatchMetrics:
    def __init__(self, client: CloudWatchClient) -> None:
        self._client = client

    def publish(self, data: Sequence[Datum]) -> None:
        """Raises CloudRefused or CloudUnreachable."""
        for start in range(0, len(data), _DATA_PER_CALL):
            with mapped("PutMetricData"):
                chunk = [_entry(datum) for datum in data[start : start + _DATA_PER_CALL]]
                self._client.put_metric_data(Namespace=NAMESPACE, MetricData=chunk)


def _entry(datum: Datum) -> MetricDatumTypeDef:
    dimensions = [{"Name": "EndpointName", "Value": datum.endpoint_name}]
    if datum.variant_name is not None:
        dimensions.append({"Name": "VariantName", "Value": datum.variant_name})
    return {
        "MetricName": datum.name,
        "Dimensions": [{"Name": each["Name"], "Value": each["Value"]} for each in dimensions],
        "Timestamp": datetime.fromtimestamp(datum.at, UTC),
        "Value": datum.value,
        "Unit": datum.unit,  # type: ignore[typeddict-item]  # every unit in the table is one of CloudWatch's
    }
