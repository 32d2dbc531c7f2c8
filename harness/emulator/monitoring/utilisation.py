"""The metrics of instances: CPU, memory and disk of each one, as SageMaker's agent publishes them every minute.

Source: "Monitor Amazon SageMaker AI with Amazon CloudWatch", endpoint instance metrics: namespace
`/aws/sagemaker/Endpoints`, percent; CPUUtilization is the sum over the cores, so its maximum is 100 times their number.
GPU metrics are the whole machine's, because `nvidia-smi` cannot tell the instances apart; they are exact for one
instance.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from harness.emulator.context.timestamps import Now
from harness.emulator.metrics.meter import Datum
from harness.serving.instances.gpu import GpuUsage
from harness.serving.instances.runtime import Instance


class Utilisation:
    """Keeps each instance's CPU time, because utilisation is the difference of two measurements."""

    def __init__(
        self,
        instances: Callable[[], Sequence[Instance]],
        disk: Path,
        now: Now,
        gpu: Callable[[], GpuUsage | None] = lambda: None,
    ) -> None:
        self._instances, self._disk, self._now, self._gpu = instances, disk, now, gpu
        self._seen: dict[str, tuple[float, float]] = {}
        """By instance id: the time of the last measurement and the CPU seconds then."""

    def data(self) -> list[Datum]:
        """Measure every instance that reports its usage; CPU from the second measurement on."""
        found = self._instances()
        known = {instance.spec.instance_id for instance in found}
        self._seen = {name: seen for name, seen in self._seen.items() if name in known}
        gpu = self._gpu() if found else None
        return [datum for instance in found for datum in self._of(instance, gpu)]

    def _of(self, instance: Instance, gpu: GpuUsage | None) -> Iterator[Datum]:
        usage, spec, now = instance.usage(), instance.spec, self._now()
        if usage is None:
            return
        disk = shutil.disk_usage(self._disk)
        values = {
            "MemoryUtilization": 100.0 * usage.memory_bytes / usage.memory_limit_bytes,
            "DiskUtilization": 100.0 * disk.used / disk.total,
        }
        if gpu is not None:
            values |= {"GPUUtilization": gpu.utilization, "GPUMemoryUtilization": gpu.memory}
        before = self._seen.get(spec.instance_id)
        self._seen[spec.instance_id] = (now, usage.cpu_seconds)
        if before is not None and now > before[0]:
            # The CPU time of a process that ended is lost, so the sum can fall; that counts as no use.
            values["CPUUtilization"] = 100.0 * max(0.0, usage.cpu_seconds - before[1]) / (now - before[0])
        for name, value in values.items():
            yield Datum(name, value, now, spec.endpoint_name, spec.variant_name)
