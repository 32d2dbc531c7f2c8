"""Which packages the evidence names, whatever runs them: what serves, what computes, and what decodes."""

from __future__ import annotations

import sys
import sysconfig
from importlib import metadata
from pathlib import Path

NAMED = ("torch", "torchvision", "torchserve", "sagemaker-pytorch-inference", "numpy", "opencv-python",
         "opencv-python-headless", "av")  # fmt: skip


def site_of(environment: Path) -> Path:
    """Where a virtual environment of this Python keeps its packages."""
    return Path(sysconfig.get_path("purelib", "venv", {"base": str(environment)}))


def installed(environment: Path) -> dict[str, str]:
    """Versions of those that are installed, here or in an instance's own `environment`, which comes first."""
    path = [str(site_of(environment)), *sys.path]
    found = {name: next(iter(metadata.distributions(name=name, path=path)), None) for name in NAMED}
    return {name: each.version for name, each in found.items() if each is not None}
