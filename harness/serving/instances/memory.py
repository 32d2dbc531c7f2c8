"""The CPU time and memory of an instance's processes, now and at the peak (the kernel's high-water mark)."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from harness.serving.instances.runtime import InstanceUsage


@dataclass(frozen=True)
class PeakMemory:
    worker_bytes: int = 0
    """The largest worker."""
    total_bytes: int = 0
    """All processes of the instance; an upper bound, for their peaks need not coincide and shared pages count twice."""

    def merged(self, other: PeakMemory) -> PeakMemory:
        return PeakMemory(max(self.worker_bytes, other.worker_bytes), max(self.total_bytes, other.total_bytes))


def family_peak(processes: Iterable[psutil.Process], worker_mark: str) -> PeakMemory:
    """A process whose command line holds `worker_mark` is a worker, which holds the model."""
    worker_bytes, total_bytes = 0, 0
    for process in processes:
        with suppress(psutil.Error, OSError):
            peak = _peak_bytes(process)
            total_bytes += peak
            if any(worker_mark in part for part in process.cmdline()):
                worker_bytes = max(worker_bytes, peak)
    return PeakMemory(worker_bytes, total_bytes)


def family_usage(processes: Iterable[psutil.Process]) -> InstanceUsage:
    """The sum over the processes; shared pages count in each."""
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
    return process.memory_info().rss  # where the kernel keeps no mark: its memory now
