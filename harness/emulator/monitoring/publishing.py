"""Metrics on their way: sampled often for the scaling policies, published to the local cloud once a minute."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Protocol

from harness.emulator.async_inference.jobs import Jobs
from harness.emulator.context.cloud import CloudRefused, CloudUnreachable
from harness.emulator.context.settings import EmulatorSettings
from harness.emulator.context.timestamps import Now
from harness.emulator.control_plane.endpoints import InstanceCounts
from harness.emulator.metrics.meter import Datum, Meter
from harness.emulator.monitoring.sampling import backlog_data
from harness.emulator.monitoring.utilisation import Utilisation
from harness.emulator.store.catalog import Catalog

log = logging.getLogger(__name__)


class MetricSink(Protocol):
    def publish(self, data: Sequence[Datum]) -> None:
        """Raises CloudRefused or CloudUnreachable."""
        ...


class Publisher:
    def __init__(
        self,
        meter: Meter,
        sink: MetricSink,
        catalog: Catalog,
        jobs: Jobs,
        counts: InstanceCounts,
        utilisation: Utilisation,
        settings: EmulatorSettings,
        now: Now,
    ) -> None:
        self._meter, self._sink = meter, sink
        self._catalog, self._jobs, self._counts = catalog, jobs, counts
        self._utilisation, self._settings, self._now = utilisation, settings, now

    def sample(self) -> None:
        """Measure the backlogs for the scaling policies."""
        for datum in self._backlogs():
            self._meter.remember(datum)

    def publish(self) -> None:
        """Measure backlogs and instances; publish all that was noted since the last time, or keep it for the next."""
        for datum in (*self._backlogs(), *self._utilisation.data()):
            self._meter.note(datum)
        data = self._meter.take()
        if not data:
            return
        try:
            self._sink.publish(data)
        except CloudUnreachable:
            self._meter.give_back(data)
        except CloudRefused as refused:
            log.warning("%d metric data were refused: %s", len(data), refused)

    def _backlogs(self) -> list[Datum]:
        at_zero = self._settings.backlog_per_instance_at_zero
        found = backlog_data(self._catalog, self._jobs, self._counts, self._now(), is_per_instance_at_zero=at_zero)
        return list(found)
