"""Clocks: medians of wall clock and CUDA events, and counts of what a call launches and waits for."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from statistics import median
from typing import Any

import torch

from benchmarks.gpu_day.measuring.extent import Extent

cuda: Any = torch.cuda  # parts of it have no types
Work = Callable[[], object]
_LAUNCHES = ("cudaLaunchKernel", "cuLaunchKernel", "cudaLaunchKernelExC", "cuLaunchKernelEx")
_WAITS = ("cudaStreamSynchronize", "cudaEventSynchronize")


def synchronised(extent: Extent) -> float:
    """The time, in seconds, when all that was asked of the device is done."""
    if extent.on_gpu:
        torch.cuda.synchronize()
    return time.perf_counter()


def timed(work: Work, extent: Extent, per: int = 1) -> dict[str, float]:
    """`wall_ms` and on a GPU `gpu_ms` (between two events of the stream): medians, divided by `per`."""
    for _ in range(extent.warm_ups):
        work()
    walls: list[float] = []
    events: list[float] = []
    for _ in range(extent.repeats):
        pair = [cuda.Event(enable_timing=True) for _ in range(2)] if extent.on_gpu else []
        started = synchronised(extent)
        for event in pair[:1]:
            event.record()
        work()
        for event in pair[1:]:
            event.record()
        walls.append(synchronised(extent) - started)
        events += [pair[0].elapsed_time(pair[1])] if pair else []
    found = {"wall_ms": round(1000 * median(walls) / per, 3)}
    return found | ({"gpu_ms": round(median(events) / per, 3)} if events else {})


def peak_mib(work: Work, extent: Extent) -> float | None:
    """The most memory that torch's tensors had on the GPU meanwhile; None on a CPU."""
    if not extent.on_gpu:
        work()
        return None
    torch.cuda.reset_peak_memory_stats()
    work()
    return round(torch.cuda.max_memory_allocated() / 2**20, 1)


def counted(work: Work, extent: Extent) -> dict[str, Any]:
    """What one call launches, copies and waits for, as torch's profiler sees it, and the ten dearest names."""
    activities = [torch.profiler.ProfilerActivity.CPU]
    if extent.on_gpu:
        activities.append(torch.profiler.ProfilerActivity.CUDA)
    work()
    with torch.profiler.profile(activities=activities) as profile:
        work()
        synchronised(extent)
    calls: Counter[str] = Counter()
    cost: Counter[str] = Counter()
    for event in profile.key_averages():
        calls[event.key] += event.count
        cost[event.key] += int(_own_microseconds(event, extent))
    return {
        "launches": sum(calls[name] for name in _LAUNCHES),
        "graph_launches": calls["cudaGraphLaunch"],
        "waits": sum(calls[name] for name in _WAITS),
        "waits_for_device": calls["cudaDeviceSynchronize"],  # one of these ends the measurement
        "copies_to_host": sum(count for name, count in calls.items() if name.startswith("Memcpy DtoH")),
        "aten_item": calls["aten::item"],
        "aten_nonzero": calls["aten::nonzero"],
        "operations": sum(count for name, count in calls.items() if name.startswith("aten::")),
        "dearest_us": dict(cost.most_common(10)),
    }


def _own_microseconds(event: Any, extent: Extent) -> float:
    if not extent.on_gpu:
        return float(event.self_cpu_time_total)
    return float(getattr(event, "self_device_time_total", 0))
