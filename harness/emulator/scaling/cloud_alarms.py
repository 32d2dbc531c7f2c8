"""The alarms of the local cloud: the user's with a scaling policy as action, and those of target tracking policies."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from harness.emulator.context.cloud import CloudRefused, CloudUnreachable, mapped
from harness.emulator.scaling.alarming import MetricAlarm

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient

log = logging.getLogger(__name__)


class ScalingAlarms(Protocol):
    def with_actions(self, policy_arns: Sequence[str]) -> list[MetricAlarm]:
        """Return the user's alarms with one of these policies as action; none when the cloud does not answer."""
        ...

    def put(self, alarm: MetricAlarm) -> None:
        """Write one of the emulator's alarms to the cloud, so that clients see it; log a failure."""
        ...

    def remove(self, names: Sequence[str]) -> None: ...


class CloudWatchScalingAlarms:
    def __init__(self, client: CloudWatchClient) -> None:
        self._client = client

    def with_actions(self, policy_arns: Sequence[str]) -> list[MetricAlarm]:
        try:
            with mapped("DescribeAlarms"):
                pages = self._client.get_paginator("describe_alarms").paginate()
                found = [alarm for page in pages for alarm in page.get("MetricAlarms", ())]
        except (CloudRefused, CloudUnreachable) as error:
            log.warning("alarms could not be read: %s", error)
            return []
        wanted = set(policy_arns)
        return [read_alarm(alarm) for alarm in found if wanted & set(alarm.get("AlarmActions", ()))]

    def put(self, alarm: MetricAlarm) -> None:
        dimensions = {"EndpointName": alarm.endpoint_name, "VariantName": alarm.variant_name}
        try:
            with mapped("PutMetricAlarm"):
                self._client.put_metric_alarm(
                    AlarmName=alarm.name,
                    Namespace=alarm.namespace,
                    MetricName=alarm.metric_name,
                    Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items() if value],
                    Statistic=alarm.statistic,  # type: ignore[arg-type]  # validated against the model before
                    Period=int(alarm.period_seconds),
                    EvaluationPeriods=alarm.evaluation_periods,
                    Threshold=alarm.threshold,
                    ComparisonOperator=alarm.comparison,  # type: ignore[arg-type]  # tracking's own
                    AlarmActions=list(alarm.policy_arns),
                    AlarmDescription="DO NOT EDIT OR DELETE. For TargetTrackingScaling policy"
                    f" {', '.join(alarm.policy_arns)}.",
                )
        except (CloudRefused, CloudUnreachable) as error:
            log.warning("alarm %s could not be shown: %s", alarm.name, error)

    def remove(self, names: Sequence[str]) -> None:
        if not names:
            return
        try:
            with mapped("DeleteAlarms"):
                self._client.delete_alarms(AlarmNames=list(names))
        except (CloudRefused, CloudUnreachable) as error:
            log.warning("alarms could not be removed: %s", error)


def read_alarm(alarm: Mapping[str, Any]) -> MetricAlarm:
    dimensions = {each["Name"]: each["Value"] for each in alarm.get("Dimensions", ())}
    periods = int(alarm.get("EvaluationPeriods", 1))
    return MetricAlarm(
        name=alarm["AlarmName"],
        namespace=alarm.get("Namespace", ""),
        metric_name=alarm.get("MetricName", ""),
        endpoint_name=dimensions.get("EndpointName"),
        variant_name=dimensions.get("VariantName"),
        statistic=alarm.get("Statistic", "Average"),
        period_seconds=float(alarm.get("Period", 60)),
        evaluation_periods=periods,
        datapoints_to_alarm=int(alarm.get("DatapointsToAlarm", periods)),
        comparison=alarm.get("ComparisonOperator", "GreaterThanOrEqualToThreshold"),
        threshold=float(alarm.get("Threshold", 0.0)),
        policy_arns=tuple(alarm.get("AlarmActions", ())),
        is_ringing_in_cloud=alarm.get("StateValue") == "ALARM",
    )
