"""Holds what monitors and scales an endpoint, as frozen dataclasses: alarms, scaling policies, the dashboard.

May not: call AWS.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from deploy.resources import VARIANT

SAGEMAKER_METRICS = "AWS/SageMaker"
# Deployments publish their own metrics in this namespace.
DEPLOY_METRICS = "Rehearsal/Deploy"
SMOKE_FAILURES = "SmokeFailures"
_SCALING = {"ServiceNamespace": "sagemaker", "ScalableDimension": "sagemaker:variant:DesiredInstanceCount"}


def resource_id(endpoint_name: str) -> str:
    """Application Auto Scaling's ResourceId of the endpoint's fleet."""
    return f"endpoint/{endpoint_name}/variant/{VARIANT}"


@dataclass(frozen=True)
class Alarm:
    name: str
    metric: str
    dimensions: Mapping[str, str]
    statistic: Literal["Average", "Maximum", "Sum"]
    comparison: Literal["GreaterThanOrEqualToThreshold", "LessThanThreshold"]
    threshold: float
    minutes: int
    """Consecutive datapoints of a minute that must breach."""
    description: str
    namespace: str = SAGEMAKER_METRICS
    acts_on: str | None = None
    """Name of the scaling policy that the alarm triggers."""
    expression: str | None = None
    """Metric math over `m1`, the metric above; the threshold then applies to its result."""

    def request(self, policy_arns: Mapping[str, str]) -> dict[str, Any]:
        """Missing data are not breaching, because an idle endpoint publishes none."""
        return {
            "AlarmName": self.name,
            "ActionsEnabled": True,
            "AlarmDescription": self.description,
            "ComparisonOperator": self.comparison,
            "Threshold": self.threshold,
            "EvaluationPeriods": self.minutes,
            "DatapointsToAlarm": self.minutes,
            "TreatMissingData": "notBreaching",
            "AlarmActions": [policy_arns[self.acts_on]] if self.acts_on else [],
            **(self._metric() if self.expression is None else self._math()),
        }

    def _metric(self) -> dict[str, Any]:
        return {**self._named_metric(), "Statistic": self.statistic, "Period": 60}

    def _math(self) -> dict[str, Any]:
        stat = {"Metric": self._named_metric(), "Period": 60, "Stat": self.statistic}
        return {
            "Metrics": [
                {"Id": "m1", "MetricStat": stat, "ReturnData": False},
                {"Id": "e1", "Expression": self.expression, "ReturnData": True},
            ]
        }

    def _named_metric(self) -> dict[str, Any]:
        dimensions = [{"Name": name, "Value": value} for name, value in self.dimensions.items()]
        return {"Namespace": self.namespace, "MetricName": self.metric, "Dimensions": dimensions}


@dataclass(frozen=True)
class ScalableTarget:
    endpoint_name: str
    min_instances: int
    max_instances: int

    @property
    def resource_id(self) -> str:
        return resource_id(self.endpoint_name)

    def key(self) -> dict[str, Any]:
        return {**_SCALING, "ResourceId": self.resource_id}

    def request(self, *, suspended: bool = False) -> dict[str, Any]:
        """`suspended` is for updates: SageMaker blocks scaling then anyway, and so both services agree."""
        directions = ("DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended")
        return {
            **self.key(),
            "MinCapacity": self.min_instances,
            "MaxCapacity": self.max_instances,
            "SuspendedState": dict.fromkeys(directions, suspended),
        }


@dataclass(frozen=True)
class ScalingPolicy:
    name: str
    policy_type: Literal["StepScaling", "TargetTrackingScaling"]
    configuration: Mapping[str, Any]

    def request(self, target: ScalableTarget) -> dict[str, Any]:
        member = f"{self.policy_type}PolicyConfiguration"
        return {
            **target.key(), "PolicyName": self.name, "PolicyType": self.policy_type, member: dict(self.configuration)
        }  # fmt: skip


@dataclass(frozen=True)
class Dashboard:
    name: str
    region: str
    endpoint_name: str

    def request(self) -> dict[str, Any]:
        return {"DashboardName": self.name, "DashboardBody": json.dumps({"widgets": self._widgets()})}

    def _widgets(self) -> list[dict[str, Any]]:
        endpoint = ["EndpointName", self.endpoint_name]
        variant = [*endpoint, "VariantName", VARIANT]
        backlog = _lines(["ApproximateBacklogSize", "ApproximateAgeOfOldestRequest"], endpoint)
        outcomes = _lines(["InvocationsProcessed", "InvocationFailures", "ExpiredRequests"], variant)
        latency = _lines(["ModelLatency", "TimeInBacklog", "TotalProcessingTime"], variant)
        instance = _lines(["GPUUtilization", "GPUMemoryUtilization"], variant, "/aws/sagemaker/Endpoints")
        titled = (("Backlog", backlog), ("Requests", outcomes), ("Latency", latency), ("Instance", instance))
        return [self._widget(place, title, lines) for place, (title, lines) in enumerate(titled)]

    def _widget(self, place: int, title: str, metrics: Sequence[Sequence[str]]) -> dict[str, Any]:
        return {
            "type": "metric", "x": 12 * (place % 2), "y": 6 * (place // 2), "width": 12, "height": 6,
            "properties": {"title": title, "region": self.region, "period": 60, "stat": "Maximum", "metrics": metrics},
        }  # fmt: skip


def _lines(names: Sequence[str], dimensions: Sequence[str], namespace: str = SAGEMAKER_METRICS) -> list[list[str]]:
    return [[namespace, name, *dimensions] for name in names]


@dataclass(frozen=True)
class Monitoring:
    """All monitoring and scaling of one endpoint, in the order in which it must be created."""

    endpoint_name: str
    target: ScalableTarget | None
    """None when autoscaling is off and the fleet stays at its initial size."""
    policies: tuple[ScalingPolicy, ...]
    scaling_alarms: tuple[Alarm, ...]
    rollback_alarms: tuple[Alarm, ...]
    dashboard: Dashboard
    derivation: str
    """How the target value of the backlog policy was derived, for people."""
    known_names: tuple[str, ...]
    """Every name that our policies and alarms can have; one that exists and is not wanted is deleted."""

    @property
    def alarms(self) -> tuple[Alarm, ...]:
        return (*self.rollback_alarms, *self.scaling_alarms)
