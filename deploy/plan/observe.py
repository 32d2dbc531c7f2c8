"""Observes what exists in the account now, as far as a deployment needs it, by describe and list calls only.

A promotion observes once (`observe_resources`, under the lock) and passes the result to its steps; a plan needs the
monitoring too (`observe`).
"""

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
    """The present monitoring and scaling of the endpoint."""

    target: Description | None
    policies: Mapping[str, Description]
    alarms: Mapping[str, Description]
    dashboard: bool


@dataclass(frozen=True)
class ObservedResources:
    """The present resources of a release, beside the bucket. None or absent means that it does not exist."""

    bundle: Description | None
    topics: frozenset[str]
    """The ARNs of the existing ones of our two topics."""
    model: Description | None
    endpoint_config: Description | None
    endpoint: Description | None


@dataclass(frozen=True)
class Observed(ObservedResources):
    """The whole observed state, from which a plan is made."""

    bucket_region: str | None
    serving_config: Description | None
    """The configuration that the endpoint serves now, which may be another than the desired one."""
    serving_model: Description | None
    monitoring: ObservedMonitoring

    def digest(self) -> str:
        """A digest of everything that a plan depends on, which does not include the number of instances."""
        endpoint, monitoring = self.endpoint or {}, self.monitoring
        target = monitoring.target or {}
        return digest_of(
            [
                self.bucket_region,
                self.bundle is not None,
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
    resources = observe_resources(desired, clients)
    endpoint = resources.endpoint
    serving = describe.endpoint_config(clients, endpoint["EndpointConfigName"]) if endpoint else None
    return Observed(
        **vars(resources),
        bucket_region=describe.bucket_region(clients, desired.bucket.name),
        serving_config=serving,
        serving_model=_model_of(clients, serving),
        monitoring=observe_monitoring(monitoring, clients),
    )


def observe_resources(desired: Desired, clients: Clients) -> ObservedResources:
    """Raises AwsRefused when something may not be looked at."""
    topics = (desired.success_topic, desired.error_topic)
    return ObservedResources(
        bundle=describe.stored_object(clients, desired.bundle.bucket, desired.bundle.key),
        topics=frozenset(topic.arn for topic in topics if describe.topic(clients, topic) is not None),
        model=describe.model(clients, desired.model.name),
        endpoint_config=describe.endpoint_config(clients, desired.endpoint_config.name),
        endpoint=describe.endpoint(clients, desired.endpoint.name),
    )


def _model_of(clients: Clients, config: Description | None) -> Description | None:
    variants = (config or {}).get("ProductionVariants") or ()
    return describe.model(clients, variants[0]["ModelName"]) if variants else None


def observe_monitoring(
    monitoring: Monitoring, clients: Clients, *, alarms_seen: Mapping[str, Description] | None = None
) -> ObservedMonitoring:
    """`alarms_seen` are the alarms where they were described already. AWS deletes policies with their scalable target
    (DeregisterScalableTarget, API reference), so without a target there are none to look for.
    """
    target = scalable_target(clients, monitoring.endpoint_name)
    return ObservedMonitoring(
        target=target,
        policies=scaling_policies(clients, monitoring.endpoint_name) if target is not None else {},
        alarms=alarms(clients, monitoring.known_names) if alarms_seen is None else alarms_seen,
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
