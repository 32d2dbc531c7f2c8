"""A smaller machine inside this one: the size of an `ml.g4dn.xlarge`, or any other, for a container.

CPU and memory are the engine's limits. GPU memory has no limit in Docker: the number reaches the container as the
setting GPU_MEMORY_BYTES, and the handler caps torch with it (`torch.cuda.set_per_process_memory_fraction`). That caps
torch's allocator alone: the CUDA context and other libraries come on top, some hundred MiB. Speed is not reproduced.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from harness.core.errors import ConfigurationError

GPU_MEMORY_SETTING = "GPU_MEMORY_BYTES"
_UNITS = {
    "": 1, "B": 1,
    "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12,
    "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40,
    "KIB": 2**10, "MIB": 2**20, "GIB": 2**30, "TIB": 2**40,
}  # fmt: skip
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*", re.ASCII)
# Docker refuses less, and no model server starts in a hundred times as much.
_SMALLEST_MEMORY_BYTES = 6 * 2**20


def parse_size(text: str) -> int:
    """Bytes of `15GiB`, `16GB`, `512M` (Docker's M is 2**20) or `1073741824`; raises ConfigurationError."""
    matched = _SIZE.fullmatch(text)
    unit = matched.group(2).upper() if matched else None
    if matched is None or unit not in _UNITS:
        raise ConfigurationError(f"{text!r} is not a size; write 15GiB, 512MiB, 16GB or a number of bytes")
    return round(float(matched.group(1)) * _UNITS[unit])


@dataclass(frozen=True)
class MachineLimits:
    """None means that nothing is limited below this machine."""

    cpus: float | None = None
    memory_bytes: int | None = None
    gpu_memory_bytes: int | None = None
    shared_memory_bytes: int | None = None
    """The size of /dev/shm; Docker's default of 64 MiB is too small for torch's data loaders with workers."""

    def __post_init__(self) -> None:
        if self.cpus is not None and self.cpus <= 0:
            raise ConfigurationError(f"--cpus {self.cpus:g} is not above zero")
        if self.memory_bytes is not None and self.memory_bytes < _SMALLEST_MEMORY_BYTES:
            raise ConfigurationError(f"--memory {self.memory_bytes} bytes is less than Docker's smallest, 6 MiB")
        for name, size in (("--gpu-memory", self.gpu_memory_bytes), ("shared memory", self.shared_memory_bytes)):
            if size is not None and size <= 0:
                raise ConfigurationError(f"{name} {size} bytes is not above zero")

    def compose_options(self) -> dict[str, Any]:
        """Keys of a service in a compose file. Swap is off, as on SageMaker's machines."""
        options: dict[str, Any] = {}
        if self.cpus is not None:
            options["cpus"] = self.cpus
        if self.memory_bytes is not None:
            options |= {"mem_limit": self.memory_bytes, "memswap_limit": self.memory_bytes}
        if self.shared_memory_bytes is not None:
            options["shm_size"] = self.shared_memory_bytes
        return options

    def environment(self) -> dict[str, str]:
        return {} if self.gpu_memory_bytes is None else {GPU_MEMORY_SETTING: str(self.gpu_memory_bytes)}

    def facts(self) -> dict[str, str]:
        """The limits that were set, for the evidence."""
        named = {
            "limit_cpus": self.cpus,
            "limit_memory_bytes": self.memory_bytes,
            "limit_gpu_memory_bytes": self.gpu_memory_bytes,
            "limit_shared_memory_bytes": self.shared_memory_bytes,
        }
        return {
            name: f"{value:g}" if isinstance(value, float) else str(value) for name, value in named.items() if value
        }


UNLIMITED = MachineLimits()
# The ml.g4dn.xlarge: 4 vCPU, 16 GiB, and the part of the T4's 16 GB that the driver leaves to programs.
G4DN_XLARGE = MachineLimits(cpus=4.0, memory_bytes=16 * 2**30, gpu_memory_bytes=15 * 2**30)
