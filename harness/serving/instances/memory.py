"""What the processes of an instance take: now, and at the peak of memory by the kernel's own high-water mark."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from harness.serving.instances.runtime import InstanceUsage

WORKER_MODULE = "model_service_worker"
"""TorchServe's worker processes, which hold the model, run this script."""


@dataclass(frozen=True)
class PeakMemory:
    worker_bytes: int = 0
    """The largest worker."""
    total_bytes: int = 0
    """All processes of the instance; an upper bound, for their peaks need not coincide and shared pages count twice."""

    def merged(self, other: PeakMemory) -> PeakMemory:
        return PeakMemory(max(self.worker_bytes, other.worker_bytes), max(self.total_bytes, other.total_bytes))


def family_peak(processes: Iterable[psutil.Process]) -> PeakMemory:
    worker_bytes, total_bytes = 0, 0
    for process in processes:
        with suppress(psutil.Error, OSError):
            peak = _peak_bytes(process)
            total_bytes += peak
            if any(WORKER_MODULE in part for part in process.cmdline()):
                worker_bytes = max(worker_bytes, peak)
    return PeakMemory(worker_bytes, total_bytes)


def family_usage(processes: Iterable[psutil.Process]) -> InstanceUsage:
    """What the processes take now; shared pages count in each."""
    cpu_seconds, memory_bytes = 0.0, 0
    for process in processes:
        with suppress(psutil.Error):
            times = process.cpu_times()
            cpu_seconds += times.user + times.system
            memory_bytes += process.memory_info().rss
    return InstanceUsage(cpu_seconds, memory_bytes, psutil.virtual_memory().total)


def _peak_bytes(process: psutil.Process) -> int:
    status = Path(f"/proc/{process.pid}/status")
    if status.exists():
        for line in status.read_text(errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return process.memory_info().rss  # where the kernel keeps no mark: what it takes now
