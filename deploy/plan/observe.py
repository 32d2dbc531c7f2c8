"""What stands in the account now, as far as a deployment concerns it: describe and list calls only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deploy.aws import Clients, aws_errors, describe
from deploy.core.digests import digest_of
from deploy.resources.desired_state import Desired
from deploy.resources.monitoring import Monitoring, resource_id

Description = Mapping[str, Any]

_POLICY_FACTS = ("PolicyType", "StepScalingPolicyConfiguration", "TargetTrackingScalingPolicyConfiguration")


@dataclass(frozen=True)
class ObservedMonitoring:
    """What watches and scales the endpoint now."""

    target: Description | None
    policies: Mapping[str, Description]
    alarms: Mapping[str, Description]
    dashboard: bool


@dataclass(frozen=True)
class Observed:
    """None or absent means it is not there."""

    bucket_region: str | None
    bundle: bool
    topics: frozenset[str]
    """ARNs of those of our two topics that exist."""
    model: Description | None
    endpoint_config: Description | None
    endpoint: Description | None
    serving_config: Description | None
    """The configuration that the endpoint serves now, which may be another than the desired one."""
    serving_model: Description | None
    monitoring: ObservedMonitoring

    def digest(self) -> str:
        """Changes when anything changed that a plan depends on, not when instances come and go."""
        endpoint, monitoring = self.endpoint or {}, self.monitoring
        target = monitoring.target or {}
        return digest_of(
            [
                self.bucket_region,
                self.bundle,
                sorted(self.topics),
                self.model is not None,
                self.endpoint_config is not None,
                [endpoint.get("EndpointConfigName"), endpoint.get("EndpointStatus")],
                {key: target.get(key) for key in ("MinCapacity", "MaxCapacity", "SuspendedState")},
                {name: {key: each.get(key) for key in _POLICY_FACTS} for name, each in monitoring.policies.items()},
                {name: each.get("Threshold") for name, each in monitoring.alarms.items()},
                monitoring.dashboard,
            ]
        )


def observe(desired: Desired, monitoring: Monitoring, clients: Clients) -> Observed:
    """Raises AwsRefused when something may not be looked at."""
    bucket_region = describe.bucket_region(clients, desired.bucket.name)
    endpoint = describe.endpoint(clients, desired.endpoint.name)
    serving = describe.endpoint_config(clients, endpoint["EndpointConfigName"]) if endpoint else None
    topics = (desired.success_topic, desired.error_topic)
    stored = describe.stored_object(clients, desired.bundle.bucket, desired.bundle.key)
    return Observed(
        bucket_region=bucket_region,
        bundle=stored is not None,
        topics=frozenset(topic.arn for topic in topics if describe.topic(clients, topic) is not None),
        model=describe.model(clients, desired.model.name),
        endpoint_config=describe.endpoint_config(clients, desired.endpoint_config.name),
        endpoint=endpoint,
        serving_config=serving,
        serving_model=_model_of(clients, serving),
        monitoring=observe_monitoring(monitoring, clients),
    )


def _model_of(clients: Clients, config: Description | None) -> Description | None:
    variants = (config or {}).get("ProductionVariants") or ()
    return describe.model(clients, variants[0]["ModelName"]) if variants else None


def observe_monitoring(monitoring: Monitoring, clients: Clients) -> ObservedMonitoring:
    return ObservedMonitoring(
        target=scalable_target(clients, monitoring.endpoint_name),
        policies=scaling_policies(clients, monitoring.endpoint_name),
        alarms=alarms(clients, monitoring.known_names),
        dashboard=dashboard(clients, monitoring.dashboard.name),
    )


def scalable_target(clients: Clients, endpoint_name: str) -> Description | None:
    with aws_errors(f"looking for the scalable target of {endpoint_name}"):
        found = clients.autoscaling.describe_scalable_targets(
            ServiceNamespace="sagemaker", ResourceIds=[resource_id(endpoint_name)]
        )["ScalableTargets"]
    return found[0] if found else None


def scaling_policies(clients: Clients, endpoint_name: str) -> Mapping[str, Description]:
    with aws_errors(f"looking for the scaling policies of {endpoint_name}"):
        found = clients.autoscaling.describe_scaling_policies(
            ServiceNamespace="sagemaker", ResourceId=resource_id(endpoint_name)
        )["ScalingPolicies"]
    return {each["PolicyName"]: each for each in found}


def alarms(clients: Clients, names: Sequence[str]) -> Mapping[str, Description]:
    with aws_errors("looking for alarms"):
        pages = clients.cloudwatch.get_paginator("describe_alarms").paginate(AlarmNames=names)
        return {each["AlarmName"]: each for page in pages for each in page.get("MetricAlarms", [])}


def dashboard(clients: Clients, name: str) -> bool:
    with aws_errors(f"looking for dashboard {name}"):
        pages = clients.cloudwatch.get_paginator("list_dashboards").paginate(DashboardNamePrefix=name)
        return any(each["DashboardName"] == name for page in pages for each in page.get("DashboardEntries", []))
