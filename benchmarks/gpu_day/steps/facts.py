"""Measures what the machine is and can: the denominators of every other figure."""

from __future__ import annotations

from benchmarks import context
from benchmarks.gpu_day.measuring import device
from benchmarks.gpu_day.measuring.extent import Extent
from benchmarks.gpu_day.measuring.inputs import Inputs
from benchmarks.gpu_day.measuring.record import Record

_SIDES = {"cuda": 8192, "cpu": 512}
_MEGABYTES = {"cuda": 1024, "cpu": 64}


def measure(record: Record, _: Inputs, extent: Extent) -> None:
    import torch
    import torchvision

    versions = context.versions() | {"torch": torch.__version__, "torchvision": torchvision.__version__}
    record.fact(versions=versions, **device.described(extent))
    megabytes, side = _MEGABYTES[extent.device], _SIDES[extent.device]
    copied = device.copy_gigabytes_per_second(extent, megabytes)
    record.row("copy on the device", value=copied, unit="GB/s")
    if (uploaded := device.upload_gigabytes_per_second(extent, megabytes)) is not None:
        record.row("copy from pinned memory", value=uploaded, unit="GB/s")
    for precision in extent.precisions:
        rate = device.teraflops(extent, precision, side)
        record.row(f"matrix product, {side}, {precision}", value=rate, unit="TFLOP/s")
