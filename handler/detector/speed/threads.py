"""Gives a worker its share of the cores: as many as its container may use, by the number of workers.

Owns: the count of the cores (affinity, and the CPU limits of control groups, versions 1 and 2), and the share. torch's
OpenMP and FFmpeg count the machine's cores, in every worker: with a worker a core, which is TorchServe's default, that
is the square of the cores, and threads that wait for each other at every layer while others have their cores.

Waiting: the OpenMP in torch's wheels (GNU libgomp) spins for some milliseconds before it sleeps. It reads
OMP_WAIT_POLICY and GOMP_SPINCOUNT once, when it is loaded, and KMP_BLOCKTIME never; the serving toolkit imports torch
before the handler, so only the container's environment can set them: the deployer does, where there are several
workers. Where others wanted the cores as well, a worker that spun took 1.8 times as long, and 1.6 times the CPU time.

Sources: cgroups(7); cpu.max in the kernel's admin-guide/cgroup-v2.rst; cpu.cfs_quota_us in scheduler/sched-bwc.rst.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath

from detector.core import server

logger = logging.getLogger(__name__)
_ROOT = Path("/")


@dataclass(frozen=True)
class Share:
    """What one of `workers` processes takes of `cores`, of which a limit may leave a fraction."""

    cores: float
    workers: int = 1

    @property
    def count(self) -> int:
        """Whole cores, rounded down, and at least one: threads without a core make the others wait."""
        return max(1, int(self.cores / self.workers))

    def __str__(self) -> str:
        return f"{self.count} of {self.cores:g} cores, {self.workers} worker{'s' if self.workers > 1 else ''}"


@lru_cache(maxsize=1)
def share() -> Share:
    """The share of this process, found once."""
    return Share(usable_cores(), worker_count(_gpu_count()))


def _gpu_count() -> int:
    """0 where torch is not installed: reading media needs none, and is tried without it under other OpenCVs."""
    try:
        import torch
    except ImportError:
        return 0
    return torch.cuda.device_count()


def keep_to_share() -> Share:
    """Let torch compute with this worker's share, at load, and log the decision.

    Never more threads than torch chose, which counts no hyper-threads; and OMP_NUM_THREADS, the operator's word, wins.
    """
    import torch

    mine = share()
    told = server.told_threads()
    if told is None and mine.count < torch.get_num_threads():
        torch.set_num_threads(mine.count)
    source = "OMP_NUM_THREADS" if told else "the share"
    logger.info("threads: %s; %d for torch, by %s", mine, torch.get_num_threads(), source)
    return mine


def worker_count(gpu_count: int) -> int:
    """The workers that share the cores, this one among them; one where no server is known to start more."""
    told = server.told_workers()
    if told is not None:
        return told
    return (gpu_count or schedulable_cores()) if server.is_torchserve_worker() else 1


def usable_cores(root: Path = _ROOT) -> float:
    """The cores that this process may run on, or the part of them that its control groups grant."""
    return min([schedulable_cores(), *_granted(root)])


def schedulable_cores() -> int:
    """By affinity, without limits: TorchServe counts so too, as the toolkit starts it with -UseContainerSupport."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _granted(root: Path) -> Iterator[float]:
    """The limit of each control group of this process and of those around it, in cores, where there is one."""
    for controllers, path in _memberships(root):
        base = root / "sys/fs/cgroup" / controllers
        for folder in (path, *path.parents):
            found = _quota(base / folder)
            if found:
                yield found


def _memberships(root: Path) -> Iterator[tuple[str, PurePosixPath]]:
    """(folder of the controllers, path) of each hierarchy that may limit CPU time; version 2 has no such folder.

    In a container the path may be that of the host, which is not there: its parents end at what is.
    """
    for line in _text(root / "proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        if not controllers or "cpu" in controllers.split(","):
            yield controllers, PurePosixPath(path.lstrip("/"))


def _quota(folder: Path) -> float | None:
    """In cores: microseconds by those of a period. No limit is "max" in version 2 (`cpu.max`), and -1 in version 1."""
    words = _text(folder / "cpu.max").split() or [
        _text(folder / "cpu.cfs_quota_us").strip(),
        _text(folder / "cpu.cfs_period_us").strip(),
    ]
    if len(words) != 2 or not all(each.isdigit() and int(each) for each in words):
        return None
    return int(words[0]) / int(words[1])


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""
