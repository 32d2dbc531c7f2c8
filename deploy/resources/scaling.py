"""Derives how an endpoint scales from zero and back, and which alarms roll back a bad update (`desired_monitoring`).

There are three policies, because each of AWS's documented ones fails alone: target tracking never scales out from zero,
and together with the documented step policy it flaps. So one step sets exactly one instance on a backlog without
capacity, target tracking only scales *out*, and another step sets the minimum when the queue was empty for a while. A
fourth policy, from many instances to one, exists only where more than two are allowed; its alarm excludes the idle
state, since of two steps at once AWS takes the larger capacity and the endpoint would never reach zero.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from deploy.config import Project
from deploy.resources import VARIANT
from deploy.resources.monitoring import (
    DEPLOY_METRICS,
    SMOKE_FAILURES,
    Alarm,
    Dashboard,
    Monitoring,
    ScalableTarget,
    ScalingPolicy,
)

# Used without a benchmark; at a concurrency of 1 it gives AWS's example value of 5.
_ASSUMED_BACKLOG_BEYOND_CONCURRENCY = 4.0
_SHRINKS_ABOVE_INSTANCES = 2
_SHRINK_MINUTES = 8
_ROLES = ("from-zero", "backlog", "idle", "shrink", "rollback-smoke", "rollback-5xx", "rollback-upload")


@dataclass(frozen=True)
class Throughput:
    """What a benchmark measured on one instance at the configured concurrency."""

    jobs_per_second: float
    frames_per_second: float | None = None


def desired_monitoring(project: Project, throughput: Throughput | None = None) -> Monitoring:
    value, derivation = _backlog_per_instance(project, throughput)
    enabled = project.autoscaling.enabled
    return Monitoring(
        endpoint_name=project.endpoint_name,
        target=_target(project) if enabled else None,
        policies=tuple(_policies(project, value)) if enabled else (),
        scaling_alarms=tuple(_scaling_alarms(project, value)) if enabled else (),
        rollback_alarms=tuple(_rollback_alarms(project)),
        dashboard=Dashboard(project.endpoint_name, project.endpoint.region, project.endpoint_name),
        derivation=derivation if enabled else "autoscaling is switched off",
        known_names=tuple(f"{project.endpoint_name}-{role}" for role in _ROLES),
    )


def _target(project: Project) -> ScalableTarget:
    scaling = project.autoscaling
    return ScalableTarget(project.endpoint_name, scaling.min_instances, scaling.max_instances)


def _backlog_per_instance(project: Project, throughput: Throughput | None) -> tuple[float, str]:
    """Must be above the concurrency: the backlog includes requests in process, so a busy instance would scale out."""
    scaling, concurrency = project.autoscaling, project.endpoint.max_concurrent_invocations_per_instance
    if scaling.backlog_per_instance is not None:
        return scaling.backlog_per_instance, f"{scaling.backlog_per_instance:g}, as configured"
    if throughput is None:
        value = concurrency + _ASSUMED_BACKLOG_BEYOND_CONCURRENCY
        return value, f"{value:g}, assumed: no benchmark says how many requests an instance does in a second"
    wait = scaling.acceptable_wait_seconds
    value = round(max(concurrency + throughput.jobs_per_second * wait, concurrency + 1), 2)
    rate = f"{throughput.jobs_per_second:.3g}/s"
    return value, f"{value:g} = {concurrency} in process + {rate} measured x {wait:g} s acceptable wait"


def _policies(project: Project, backlog: float) -> Iterator[ScalingPolicy]:
    name, scaling = project.endpoint_name, project.autoscaling
    yield ScalingPolicy(f"{name}-from-zero", "StepScaling", _exactly(1, above=True, cooldown_seconds=60))
    yield ScalingPolicy(f"{name}-backlog", "TargetTrackingScaling", _tracking(name, backlog))
    yield ScalingPolicy(
        f"{name}-idle", "StepScaling", _exactly(scaling.min_instances, above=False, cooldown_seconds=60)
    )
    if scaling.max_instances > _SHRINKS_ABOVE_INSTANCES:
        yield ScalingPolicy(f"{name}-shrink", "StepScaling", _exactly(1, above=True, cooldown_seconds=600))


def _exactly(instances: int, *, above: bool, cooldown_seconds: int) -> Mapping[str, Any]:
    """An alarm on LessThan needs the *upper* bound: with a lower one it fires and AWS silently does nothing."""
    bound = "MetricIntervalLowerBound" if above else "MetricIntervalUpperBound"
    return {
        "AdjustmentType": "ExactCapacity",
        "Cooldown": cooldown_seconds,
        "MetricAggregationType": "Maximum",
        "StepAdjustments": [{bound: 0.0, "ScalingAdjustment": instances}],
    }


def _tracking(endpoint_name: str, backlog: float) -> Mapping[str, Any]:
    return {
        "TargetValue": backlog,
        "DisableScaleIn": True,
        "ScaleOutCooldown": 300,
        "ScaleInCooldown": 600,
        "CustomizedMetricSpecification": {
            "MetricName": "ApproximateBacklogSizePerInstance",
            "Namespace": "AWS/SageMaker",
            "Statistic": "Average",
            "Dimensions": [{"Name": "EndpointName", "Value": endpoint_name}],
        },
    }


def _scaling_alarms(project: Project, backlog: float) -> Iterator[Alarm]:
    name = project.endpoint_name
    endpoint = {"EndpointName": name}
    yield Alarm(
        f"{name}-from-zero", "HasBacklogWithoutCapacity", endpoint, "Average", "GreaterThanOrEqualToThreshold", 1.0, 1,
        "Requests wait and no instance runs: start one.", acts_on=f"{name}-from-zero",
    )  # fmt: skip
    yield Alarm(
        f"{name}-idle", "ApproximateBacklogSize", endpoint, "Maximum", "LessThanThreshold", 1.0,
        project.autoscaling.idle_minutes, "Nothing waits or runs: go down to the minimum.", acts_on=f"{name}-idle",
    )  # fmt: skip
    if project.autoscaling.max_instances > _SHRINKS_ABOVE_INSTANCES:
        yield Alarm(
            f"{name}-shrink", "ApproximateBacklogSize", endpoint, "Maximum", "GreaterThanOrEqualToThreshold", 1.0,
            _SHRINK_MINUTES, "One instance can do what waits, and something does: go down to one.",
            acts_on=f"{name}-shrink", expression=f"IF(m1 >= 1 AND m1 <= {backlog:g}, 1, 0)",
        )  # fmt: skip


def _rollback_alarms(project: Project) -> Iterator[Alarm]:
    """Alarms on faults that no sender can cause. A quiet queue has no data, so deployments send their own requests."""
    name = project.endpoint_name
    variant = {"EndpointName": name, "VariantName": VARIANT}
    yield _rollback_alarm(name, "smoke", SMOKE_FAILURES, {"EndpointName": name}, DEPLOY_METRICS)
    yield _rollback_alarm(name, "5xx", "Invocation5XXErrors", variant)
    yield _rollback_alarm(name, "upload", "ResponseUploadFailures", variant)


def _rollback_alarm(
    name: str, what: str, metric: str, dimensions: Mapping[str, str], namespace: str = "AWS/SageMaker"
) -> Alarm:
    return Alarm(
        f"{name}-rollback-{what}", metric, dimensions, "Sum", "GreaterThanOrEqualToThreshold", 1.0, 1,
        f"{metric} while an update bakes: roll it back.", namespace,
    )  # fmt: skip
