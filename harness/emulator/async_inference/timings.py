"""Where the time of an invocation went, as the emulator saw it: for those who measure, beside AWS's faces.

Owns: the last invocations' seconds by phase, in memory; a restart forgets them. May not: decide anything.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import asdict, dataclass, field
from typing import Literal

from harness.emulator.async_inference.jobs import Invocation

Phase = Literal["queue", "download", "container", "upload"]
"""Waiting for an instance, S3 to here, from connecting to the answer's last byte, here to S3."""


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
        """A phase that is gone through again counts as it was the last time."""
        with self._lock:
            kept = self._kept.setdefault(invocation.uuid, _Timing(invocation.endpoint_name, invocation.inference_id))
            kept.seconds[phase] = round(seconds, 6)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)

    def report(self) -> list[dict[str, object]]:
        """The oldest first."""
        with self._lock:
            return [asdict(each) for each in self._kept.values()]
