"""The machine of a run and the versions of its packages. The module states facts and judges nothing."""

from __future__ import annotations

import platform
import subprocess
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

from deploy.evidence import Machine
from harness.serving.stacks import default_stack

TOOL = "sagemaker-rehearsal"
_PACKAGES = (
    "torch",
    "torchvision",
    "opencv-python-headless",
    "numpy",
    "boto3",
    "botocore",
)


def tool_version() -> str:
    return version(TOOL)


def installed_versions() -> Mapping[str, str]:
    """The versions of the packages that compute, decode and serve, in the environment of the harness."""
    found = {}
    for name in (*_PACKAGES, *default_stack().packages):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def this_machine() -> Machine:
    gpu = _first_gpu()
    return Machine(
        cpu_model=_cpu_model(),
        cpu_count=psutil.cpu_count() or 1,
        memory_bytes=psutil.virtual_memory().total,
        operating_system=platform.platform(),
        python=platform.python_version(),
        gpu=gpu[0] if gpu else None,
        gpu_memory_bytes=gpu[1] if gpu else None,
    )


def _cpu_model() -> str:
    """The name in /proc/cpuinfo, because `platform.processor()` is empty on most Linux machines."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _first_gpu() -> tuple[str, int] | None:
    """Name and memory in bytes, as nvidia-smi reports them; None without an NVIDIA driver."""
    query = ["nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader,nounits"]
    try:
        answer = subprocess.run(query, capture_output=True, text=True, check=True, timeout=10).stdout
        name, mebibytes = answer.splitlines()[0].rsplit(",", 1)
        return name.strip(), int(mebibytes) << 20
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return None
