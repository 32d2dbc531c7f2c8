"""The versions of packages that the evidence names: those of the serving stack, and those that compute and decode."""

from __future__ import annotations

import sys
import sysconfig
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

OF_THE_MODEL = ("torch", "torchvision", "numpy", "opencv-python", "opencv-python-headless", "av")


def site_of(environment: Path) -> Path:
    """Where a virtual environment of this Python keeps its packages."""
    return Path(sysconfig.get_path("purelib", "venv", {"base": str(environment)}))


def installed(environment: Path, packages: Iterable[str]) -> dict[str, str]:
    """The versions of the packages that are installed here or in an instance's own `environment`, which comes first."""
    path = [str(site_of(environment)), *sys.path]
    found = {name: next(iter(metadata.distributions(name=name, path=path)), None) for name in packages}
    return {name: each.version for name, each in found.items() if each is not None}
