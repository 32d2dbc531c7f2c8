"""The records of accepted invocations: their rows, their bodies and the time of each phase."""

from __future__ import annotations

from dataclasses import dataclass

from harness.emulator.async_inference.jobs import Jobs
from harness.emulator.async_inference.timings import PhaseTimings
from harness.emulator.store.spool import Spool


@dataclass(frozen=True)
class JobRecords:
    jobs: Jobs
    spool: Spool
    timings: PhaseTimings
