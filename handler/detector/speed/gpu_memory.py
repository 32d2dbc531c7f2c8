"""Limits GPU memory, so that a large GPU runs out of memory where the smaller one in production would.

The limit is on torch's own allocator in this process; the CUDA context and other libraries take some hundred MiB more.
"""

from __future__ import annotations

from typing import Any

import torch


def cap(device: torch.device, limit_bytes: int | None) -> None:
    """Let torch take no more than `limit_bytes` of the device; without a limit or a GPU nothing is done."""
    if limit_bytes is None or device.type != "cuda":
        return
    number: Any = device.index  # None for plain "cuda", which torch 2.11 refuses
    index = torch.cuda.current_device() if number is None else number
    total_bytes = torch.cuda.get_device_properties(index).total_memory
    torch.cuda.set_per_process_memory_fraction(fraction(limit_bytes, total_bytes), index)


def fraction(limit_bytes: int, total_bytes: int) -> float:
    """The share of the device's memory; all of it where the device is no bigger than the limit."""
    return min(1.0, limit_bytes / total_bytes)
