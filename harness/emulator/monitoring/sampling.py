"""The backlog metrics of every asynchronous endpoint. `server` decides how often they are measured."""

from __future__ import annotations

from collections.abc import Iterator

from harness.emulator.async_inference.jobs import Jobs
from harness.emulator.context.emulator_context import EmulatorContext
from harness.emulator.control_plane.endpoints import InstanceCounts
from harness.emulator.metrics.meter import Datum
from harness.emulator.store.catalog import Endpoint


class Backlogs:
    """Without instances ApproximateBacklogSizePerInstance is absent, or the whole backlog where the settings say so."""

    def __init__(self, context: EmulatorContext, jobs: Jobs, counts: InstanceCounts) -> None:
        self._context, self._jobs, self._counts = context, jobs, counts

    def data(self) -> list[Datum]:
        now = self._context.now()
        endpoints = [
            endpoint
            for endpoint in self._context.catalog.endpoints()
            if endpoint.takes_invocations and endpoint.deployment.async_request is not None
        ]
        return [datum for endpoint in endpoints for datum in self._of(endpoint, now)]

    def _of(self, endpoint: Endpoint, now: float) -> Iterator[Datum]:
        backlog = self._jobs.backlog(endpoint.id)
        instances = sum(self._counts(endpoint.id).values())
        age = 0.0 if backlog.oldest_received_at is None else max(0.0, now - backlog.oldest_received_at)
        values = {
            "ApproximateBacklogSize": float(backlog.size),
            "ApproximateAgeOfOldestRequest": age,
            "HasBacklogWithoutCapacity": float(backlog.size > 0 and instances == 0),
        }
        if instances > 0 or self._context.settings.backlog_per_instance_at_zero:
            values["ApproximateBacklogSizePerInstance"] = backlog.size / max(1, instances)
        for name, value in values.items():
            yield Datum(name, value, now, endpoint.name, None)
