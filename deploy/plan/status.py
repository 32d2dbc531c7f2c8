"""Reads what serves, on how many instances, for how long, how many requests wait, and the cost (`deploy status`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from deploy import releases
from deploy.aws import Clients, aws_errors, describe
from deploy.core.errors import ConfigurationError
from deploy.plan import observe
from deploy.pricing import Price
from deploy.releases import ReleaseStore
from deploy.resources.monitoring import SAGEMAKER_METRICS

_LOOK_BACK = timedelta(minutes=10)


@dataclass(frozen=True)
class Status:
    endpoint_name: str
    state: str
    failure_reason: str
    config_name: str
    release: str | None
    """The release according to the pointer; None before the first promotion."""
    follows_pointer: bool
    """False when the endpoint serves something other than the pointer's release."""
    instance_type: str
    instances: int
    wanted_instances: int
    min_instances: int | None
    max_instances: int | None
    """None without autoscaling, when the endpoint never scales in."""
    scaling_suspended: bool
    created: datetime
    age_hours: float
    backlog: float | None
    """Requests that wait or run; None when CloudWatch has no datapoint yet."""
    oldest_seconds: float | None
    usd_per_hour: float | None
    """For the instances that run now."""
    usd_at_most: float | None
    """The cost since the endpoint was created, if the largest fleet had run all the time."""


def status(clients: Clients, endpoint_name: str, store: ReleaseStore, price: Price | None, now: datetime) -> Status:
    """Raises ConfigurationError when there is no such endpoint."""
    found = require_endpoint(clients, endpoint_name)
    config = describe.endpoint_config(clients, found["EndpointConfigName"]) or {}
    pointed = releases.current(clients, store) if describe.bucket_region(clients, store.bucket) else None
    target = observe.scalable_target(clients, endpoint_name) or {}
    variant = (found.get("ProductionVariants") or [{}])[0]
    age_hours = (now - found["CreationTime"]).total_seconds() / 3600
    running = int(variant.get("CurrentInstanceCount", 0))
    largest = int(target.get("MaxCapacity", max(running, 1)))
    backlog, oldest = _queue(clients, endpoint_name, now)
    return Status(
        endpoint_name=endpoint_name,
        state=found["EndpointStatus"],
        failure_reason=found.get("FailureReason", ""),
        config_name=found["EndpointConfigName"],
        release=pointed[0].release if pointed else None,
        follows_pointer=pointed is not None and pointed[1].config_name == found["EndpointConfigName"],
        instance_type=(config.get("ProductionVariants") or [{}])[0].get("InstanceType", "unknown"),
        instances=running,
        wanted_instances=int(variant.get("DesiredInstanceCount", running)),
        min_instances=target.get("MinCapacity"),
        max_instances=target.get("MaxCapacity"),
        scaling_suspended=any(target.get("SuspendedState", {}).values()),
        created=found["CreationTime"],
        age_hours=round(age_hours, 2),
        backlog=backlog,
        oldest_seconds=oldest,
        usd_per_hour=round(price.usd_per_hour * running, 4) if price else None,
        usd_at_most=round(price.usd_per_hour * largest * age_hours, 2) if price else None,
    )


def require_endpoint(clients: Clients, name: str) -> Mapping[str, Any]:
    """Describe the endpoint. Raises ConfigurationError when there is none."""
    found = describe.endpoint(clients, name)
    if found is None:
        raise ConfigurationError(f"there is no endpoint {name} here: `deploy --promote` creates it")
    return found


def _queue(clients: Clients, endpoint_name: str, now: datetime) -> tuple[float | None, float | None]:
    """The newest datapoints of backlog and age; CloudWatch lags by one to three minutes."""
    names = {"backlog": "ApproximateBacklogSize", "oldest": "ApproximateAgeOfOldestRequest"}
    queries = [_query(identity, metric, endpoint_name) for identity, metric in names.items()]
    with aws_errors("reading the backlog"):
        answer = clients.cloudwatch.get_metric_data(
            MetricDataQueries=queries,  # type: ignore[arg-type]  # made of plain dicts below
            StartTime=now - _LOOK_BACK,
            EndTime=now,
            ScanBy="TimestampDescending",
        )
    newest = {each["Id"]: each["Values"][0] for each in answer["MetricDataResults"] if each.get("Values")}
    return newest.get("backlog"), newest.get("oldest")


def _query(identity: str, metric: str, endpoint_name: str) -> Mapping[str, Any]:
    dimensions = [{"Name": "EndpointName", "Value": endpoint_name}]
    named = {"Namespace": SAGEMAKER_METRICS, "MetricName": metric, "Dimensions": dimensions}
    return {"Id": identity, "MetricStat": {"Metric": named, "Period": 60, "Stat": "Maximum"}}
