"""The backlog metrics of every asynchronous endpoint, measured now. Who asks, and how often, is `service`'s affair."""

from __future__ import annotations

from collections.abc import Iterator

from harness.emulator.async_inference.jobs import Jobs
from harness.emulator.control_plane.endpoints import InstanceCounts
from harness.emulator.metrics.meter import Datum
from harness.emulator.store.catalog import Catalog, Endpoint


def backlog_data(
    catalog: Catalog, jobs: Jobs, counts: InstanceCounts, now: float, *, is_per_instance_at_zero: bool
) -> Iterator[Datum]:
    """At zero instances there is nothing to divide by: ApproximateBacklogSizePerInstance is then the whole backlog when
    `is_per_instance_at_zero`, else absent."""
    for endpoint in catalog.endpoints():
        if endpoint.takes_invocations and endpoint.deployment.async_request is not None:
            instances = sum(counts(endpoint.id).values())
            yield from _of(endpoint, jobs, instances, now, is_per_instance_at_zero)


def _of(endpoint: Endpoint, jobs: Jobs, instances: int, now: float, is_per_instance_at_zero: bool) -> Iterator[Datum]:
    backlog = jobs.backlog(endpoint.id)
    age = 0.0 if backlog.oldest_received_at is None else max(0.0, now - backlog.oldest_received_at)
    values = {
        "ApproximateBacklogSize": float(backlog.size),
        "ApproximateAgeOfOldestRequest": age,
        "HasBacklogWithoutCapacity": float(backlog.size > 0 and instances == 0),
    }
    if instances > 0 or is_per_instance_at_zero:
        values["ApproximateBacklogSizePerInstance"] = backlog.size / max(1, instances)
    for name, value in values.items():
        yield Datum(name, value, now, endpoint.name, None)
