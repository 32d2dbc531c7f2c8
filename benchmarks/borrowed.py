"""The packages that the suites need and no serving image has: pytest and pytest-benchmark, with their dependencies.

They are copied from the environment this runs in, so that nothing has to be fetched. They must be pure Python: the
image's interpreter may be another. The image's own packages, torch above all, come first and are never covered.
"""

from __future__ import annotations

import importlib.metadata
import shutil
from importlib.metadata import Distribution
from pathlib import Path

from packaging.requirements import Requirement

from harness.core.errors import ConfigurationError

WANTED = ("pytest", "pytest-benchmark", "pytest-timeout")


def lend(folder: Path, wanted: tuple[str, ...] = WANTED) -> dict[str, str]:
    """Copy `wanted` and all they require into `folder`; returns their versions. Raises ConfigurationError."""
    found = _closure(wanted)
    for distribution in found.values():
        _copy(distribution, folder)
    return {name: distribution.version for name, distribution in found.items()}


def _closure(wanted: tuple[str, ...]) -> dict[str, Distribution]:
    found: dict[str, Distribution] = {}
    left = list(wanted)
    while left:
        name = left.pop()
        if name not in found:
            found[name] = _installed(name)
            left += [each.name for each in map(Requirement, found[name].requires or ()) if _applies(each)]
    return dict(sorted(found.items()))


def _applies(requirement: Requirement) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": ""})


def _installed(name: str) -> Distribution:
    try:
        return importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        raise ConfigurationError(f"{name} is not installed here, so it cannot be lent; run `uv sync`") from None


def _copy(distribution: Distribution, folder: Path) -> None:
    for path in distribution.files or ():
        if path.suffix in (".so", ".pyd"):
            raise ConfigurationError(f"{distribution.name} has compiled code ({path}) and cannot be lent to an image")
        if path.parts[0] != ".." and path.suffix != ".pyc":
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(str(path.locate()), target)
