"""The card and the processor, in words and in numbers that a roofline needs."""

from __future__ import annotations

import ctypes
import os
import subprocess
from pathlib import Path
from typing import Any

import torch

from benchmarks.gpu_day.measuring import clocks
from benchmarks.gpu_day.measuring.extent import Extent

_ASKED = "name,driver_version,memory.total,clocks.sm,clocks.max.sm,power.limit"
_LIBRARIES = ("libnvcuvid.so.1", "libnvidia-encode.so.1")


def described(extent: Extent) -> dict[str, Any]:
    """`card`, driver and clocks, cores, processor, threads, load."""
    card = torch.cuda.get_device_name() if extent.on_gpu else "cpu"
    return {
        "card": card,
        "capability": list(torch.cuda.get_device_capability()) if extent.on_gpu else None,
        "nvidia_smi": _nvidia_smi() if extent.on_gpu else None,
        "libraries": [name for name in _LIBRARIES if _loads(name)] if extent.on_gpu else None,
        "cuda": torch.version.cuda,
        "cores": len(os.sched_getaffinity(0)),
        "processor": _processor(),
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "threads": torch.get_num_threads(),
        "tf32_convolutions": torch.backends.cudnn.allow_tf32,
        "load_average": round(os.getloadavg()[0], 2),
    }


def copy_gigabytes_per_second(extent: Extent, megabytes: int) -> float:
    """Copies within the device, bytes read and written counted."""
    source = torch.empty(megabytes << 20, dtype=torch.uint8, device=extent.device)
    target = torch.empty_like(source)
    milliseconds = clocks.timed(lambda: target.copy_(source), extent)
    return round(2 * source.numel() / _least(milliseconds) / 1e6, 1)


def upload_gigabytes_per_second(extent: Extent, megabytes: int) -> float | None:
    """From pinned memory of the host; None on a CPU."""
    if not extent.on_gpu:
        return None
    source = torch.empty(megabytes << 20, dtype=torch.uint8, pin_memory=True)
    target = torch.empty(megabytes << 20, dtype=torch.uint8, device=extent.device)
    return round(source.numel() / _least(clocks.timed(lambda: target.copy_(source), extent)) / 1e6, 1)


def teraflops(extent: Extent, precision: str, side: int) -> float:
    """Of a product of two square matrices of random numbers."""
    dtype = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}[precision]
    left, right = (torch.randn(side, side, device=extent.device).to(dtype) for _ in range(2))
    milliseconds = clocks.timed(lambda: left @ right, extent)
    return round(2 * side**3 / _least(milliseconds) / 1e9, 3)


def _least(found: dict[str, float]) -> float:
    return max(found.get("gpu_ms", found["wall_ms"]), 1e-3)


def _nvidia_smi() -> str:
    command = ["nvidia-smi", f"--query-gpu={_ASKED}", "--format=csv,noheader"]
    try:
        told = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"no answer: {error}"
    return told.stdout.strip() or told.stderr.strip()


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return "unknown"
