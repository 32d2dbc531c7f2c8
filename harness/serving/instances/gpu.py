"""This machine's GPUs, as `nvidia-smi` reports them. The module starts that program and reads its answer."""

from __future__ import annotations

import csv
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass

_FIELDS = ("name", "driver_version", "memory.total", "memory.used", "compute_cap")
_USAGE_FIELDS = ("utilization.gpu", "memory.used", "memory.total")
_TIMEOUT_SECONDS = 20.0


@dataclass(frozen=True)
class Gpu:
    name: str
    driver_version: str
    memory_bytes: int
    memory_used_bytes: int
    compute_capability: str | None
    """None where the driver is too old to report it."""


@dataclass(frozen=True)
class GpuUsage:
    """Percent, summed over the GPUs as CloudWatch's GPUUtilization and GPUMemoryUtilization are."""

    utilization: float
    memory: float


def ask_nvidia_smi(fields: Sequence[str] = _FIELDS) -> str | None:
    """Its table; None without the program, or when it fails (a driver that does not match, for instance)."""
    command = ["nvidia-smi", f"--query-gpu={','.join(fields)}", "--format=csv,noheader,nounits"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def parse_gpus(table: str) -> tuple[Gpu, ...]:
    """Lines of `Tesla T4, 550.163.01, 15360, 3, 7.5`; memory is in MiB. Any other line is left out."""
    rows = (row for row in csv.reader(table.splitlines(), skipinitialspace=True) if len(row) == len(_FIELDS))
    return tuple(
        Gpu(name, driver, int(total) * 2**20, _mebibytes(used), cap if cap[:1].isdigit() else None)
        for name, driver, total, used, cap in rows
        if total.isdigit()
    )


def gpus(ask: Callable[[], str | None] = ask_nvidia_smi) -> tuple[Gpu, ...]:
    table = ask()
    return () if table is None else parse_gpus(table)


def gpu_usage(ask: Callable[[Sequence[str]], str | None] = ask_nvidia_smi) -> GpuUsage | None:
    """The usage of the whole machine now; None without a GPU that reports it."""
    table = ask(_USAGE_FIELDS)
    return None if table is None else parse_usage(table)


def parse_usage(table: str) -> GpuUsage | None:
    """Lines of `37, 2048, 15360`: percent, MiB used, MiB in all. Any other line is left out."""
    rows = [row for row in csv.reader(table.splitlines(), skipinitialspace=True) if len(row) == len(_USAGE_FIELDS)]
    told = [[int(cell) for cell in row] for row in rows if all(cell.isdigit() for cell in row) and int(row[2]) > 0]
    if not told:
        return None
    return GpuUsage(float(sum(row[0] for row in told)), sum(100.0 * row[1] / row[2] for row in told))


def gpu_facts(ask: Callable[[], str | None] = ask_nvidia_smi) -> dict[str, str]:
    """For the evidence: facts of the first GPU, and the number of GPUs."""
    found = gpus(ask)
    if not found:
        return {"gpus": "0"}
    first = found[0]
    return {
        "gpus": str(len(found)),
        "gpu_name": first.name,
        "gpu_driver": first.driver_version,
        "gpu_memory_bytes": str(first.memory_bytes),
        "gpu_memory_used_bytes": str(first.memory_used_bytes),
    }


def _mebibytes(text: str) -> int:
    return int(text) * 2**20 if text.isdigit() else 0
