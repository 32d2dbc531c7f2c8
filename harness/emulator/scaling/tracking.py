"""The two alarms of a target tracking policy: above the target for three minutes, below it for fifteen."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from harness.emulator.metrics.meter import NAMESPACE
from harness.emulator.scaling.alarming import MetricAlarm
from harness.emulator.scaling.decisions import SCALE_IN_SLACK
from harness.emulator.scaling.records import Policy, Target

PERIOD_SECONDS = 60.0
HIGH_PERIODS = 3
LOW_PERIODS = 15


def tracking_alarms(policy: Policy, target: Target) -> list[MetricAlarm]:
    """Return the high alarm and, unless scaling in is disabled, the low one."""
    high = high_alarm(policy, target, f"TargetTracking-{target.resource_id}-AlarmHigh-{uuid.uuid4()}")
    if not policy.scales_in_by_tracking:
        return [high]
    return [high, low_alarm(policy, target, f"TargetTracking-{target.resource_id}-AlarmLow-{uuid.uuid4()}")]


def high_alarm(policy: Policy, target: Target, name: str) -> MetricAlarm:
    value = float(policy.configuration["TargetValue"])
    return _alarm(policy, target, name, HIGH_PERIODS, "GreaterThanThreshold", value)


def low_alarm(policy: Policy, target: Target, name: str) -> MetricAlarm:
    value = float(policy.configuration["TargetValue"]) * SCALE_IN_SLACK
    return _alarm(policy, target, name, LOW_PERIODS, "LessThanThreshold", value)


def _alarm(policy: Policy, target: Target, name: str, periods: int, comparison: str, threshold: float) -> MetricAlarm:
    metric = _metric(policy.configuration)
    dimensions = {each["Name"]: each["Value"] for each in metric.get("Dimensions", ())}
    return MetricAlarm(
        name=name,
        namespace=metric.get("Namespace", NAMESPACE),
        metric_name=metric["MetricName"],
        endpoint_name=dimensions.get("EndpointName", target.endpoint_name),
        variant_name=dimensions.get("VariantName"),
        statistic=metric["Statistic"],
        period_seconds=PERIOD_SECONDS,
        evaluation_periods=periods,
        datapoints_to_alarm=periods,
        comparison=comparison,
        threshold=threshold,
        policy_arns=(policy.arn,),
    )


def _metric(configuration: Mapping[str, Any]) -> Mapping[str, Any]:
    customized: Mapping[str, Any] | None = configuration.get("CustomizedMetricSpecification")
    if customized is not None:
        return customized
    return {"MetricName": "InvocationsPerInstance", "Namespace": NAMESPACE, "Statistic": "Sum"}
