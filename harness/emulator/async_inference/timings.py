"""The seconds of each phase of the last invocations, in memory, as the emulator measured them.

The emulator's own report shows them, and no AWS answer does. A restart loses them. No decision depends on them.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import asdict, dataclass, field
from typing import Literal

from harness.emulator.async_inference.jobs import Invocation

# Waiting for an instance; reading from S3; from connecting to the answer's last byte; writing to S3.
Phase = Literal["queue", "download", "container", "upload"]


@dataclass(frozen=True)
class _Timing:
    endpoint_name: str
    inference_id: str
    seconds: dict[str, float] = field(default_factory=dict)


class PhaseTimings:
    def __init__(self, most: int = 1000) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, _Timing] = OrderedDict()

    def note(self, invocation: Invocation, phase: Phase, seconds: float) -> None:
        """Record a phase; a repeated phase replaces its earlier time."""
        with self._lock:
            kept = self._kept.setdefault(invocation.uuid, _Timing(invocation.endpoint_name, invocation.inference_id))
            kept.seconds[phase] = round(seconds, 6)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)

    def report(self) -> list[dict[str, object]]:
        """Return the invocations, the oldest first."""
        with self._lock:
            return [asdict(each) for each in self._kept.values()]
