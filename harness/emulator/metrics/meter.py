"""The CloudWatch metrics of an endpoint, with AWS's names, dimensions and units, kept until they are published.

Source: "Monitor asynchronous endpoints" in the developer guide. Which metrics are published when was observed on AWS.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass

NAMESPACE = "AWS/SageMaker"
INSTANCE_NAMESPACE = "/aws/sagemaker/Endpoints"
INSTANCE_METRICS = (
    "CPUUtilization",
    "MemoryUtilization",
    "DiskUtilization",
    "GPUUtilization",
    "GPUMemoryUtilization",
)
_LONGEST_QUEUE = 100_000
_LONGEST_MEMORY = 5_000

UNITS = {
    "ApproximateBacklogSize": "Count",
    "ApproximateBacklogSizePerInstance": "Count",
    "ApproximateAgeOfOldestRequest": "Seconds",
    "HasBacklogWithoutCapacity": "Count",
    "RequestDownloadFailures": "Count",
    "ResponseUploadFailures": "Count",
    "NotificationFailures": "Count",
    "ExpiredRequests": "Count",
    "InvocationFailures": "Count",
    "InvocationsProcessed": "Count",
    "RequestDownloadLatency": "Microseconds",
    "ResponseUploadLatency": "Microseconds",
    "TimeInBacklog": "Milliseconds",
    "TotalProcessingTime": "Milliseconds",
    "ModelLatency": "Microseconds",
    "Invocation4XXErrors": "None",
    "Invocation5XXErrors": "None",
    "Invocations": "None",
    "InvocationsPerInstance": "None",
    "OverheadLatency": "Microseconds",
    **dict.fromkeys(INSTANCE_METRICS, "Percent"),
}


@dataclass(frozen=True)
class Datum:
    """One value with its timestamp; `variant_name` is None for metrics of the endpoint as a whole."""

    name: str
    value: float
    at: float
    endpoint_name: str
    variant_name: str | None

    @property
    def unit(self) -> str:
        return UNITS[self.name]

    @property
    def namespace(self) -> str:
        return INSTANCE_NAMESPACE if self.name in INSTANCE_METRICS else NAMESPACE


class Meter:
    """Keeps data until they are published, and the recent ones for the scaling policies.

    Its memory is bounded: beyond the limit, the oldest data are dropped.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._data: deque[Datum] = deque(maxlen=_LONGEST_QUEUE)
        self._recent: dict[tuple[str, str, str | None], deque[Datum]] = {}

    def note(self, datum: Datum) -> None:
        with self._lock:
            self._data.append(datum)
        self.remember(datum)

    def remember(self, datum: Datum) -> None:
        """Keep a datum for the scaling policies without publishing it."""
        key = (datum.name, datum.endpoint_name, datum.variant_name)
        with self._lock:
            self._recent.setdefault(key, deque(maxlen=_LONGEST_MEMORY)).append(datum)

    def recent(
        self, name: str, endpoint_name: str, variant_name: str | None, *, since: float, until: float
    ) -> list[float]:
        """Return the values after `since`, up to `until`."""
        with self._lock:
            known = self._recent.get((name, endpoint_name, variant_name), ())
            return [datum.value for datum in known if since < datum.at <= until]

    def forget(self, endpoint_name: str) -> None:
        with self._lock:
            self._recent = {key: data for key, data in self._recent.items() if key[1] != endpoint_name}

    def take(self) -> list[Datum]:
        with self._lock:
            taken = list(self._data)
            self._data.clear()
            return taken

    def give_back(self, data: list[Datum]) -> None:
        with self._lock:
            self._data.extendleft(reversed(data))
