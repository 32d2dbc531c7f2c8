"""Publishes metrics to the local cloud once a minute, and samples backlogs more often for the scaling policies."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Protocol

from harness.emulator.context.cloud import CloudRefused, CloudUnreachable
from harness.emulator.metrics.meter import Datum, Meter
from harness.emulator.monitoring.sampling import Backlogs
from harness.emulator.monitoring.utilisation import Utilisation

log = logging.getLogger(__name__)


class MetricSink(Protocol):
    def publish(self, data: Sequence[Datum]) -> None:
        """Raises CloudRefused or CloudUnreachable."""
        ...


class Publisher:
    def __init__(self, meter: Meter, sink: MetricSink, backlogs: Backlogs, utilisation: Utilisation) -> None:
        self._meter, self._sink = meter, sink
        self._backlogs, self._utilisation = backlogs, utilisation

    def sample(self) -> None:
        """Measure the backlogs for the scaling policies."""
        for datum in self._backlogs.data():
            self._meter.remember(datum)

    def publish(self) -> None:
        """Measure backlogs and instances; publish all new data, or keep them when the cloud does not answer."""
        for datum in (*self._backlogs.data(), *self._utilisation.data()):
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
        except Exception:
            self._meter.give_back(data)
            raise
