"""Which wheels fit a container, and pip's download of them.

A container has the Python of its image, and x86-64 Linux with glibc 2.28 or later. pip takes index, proxy and
certificates from the machine's own configuration. May not: know why a package is wanted, or where its wheel goes.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import parse_wheel_filename

from deploy.config import Project
from deploy.core.errors import ConfigurationError

Python = tuple[int, int]

# Minor versions of glibc 2 that wheels are built for (PEP 600); every PyTorch container's Ubuntu has a later one.
_GLIBCS = (28, 27, 26, 24, 17, 12, 5)
_PLATFORMS = [f"manylinux_2_{minor}_x86_64" for minor in _GLIBCS]
# The same platforms as PEP 513, 571 and 599 call them.
_LEGACY_PLATFORMS = [f"manylinux{name}_x86_64" for name in ("2014", "2010", "1")]


class NoWheel(Exception):
    """pip's own words about why it has none."""


def container_python(project: Project) -> Python:
    """The Python of the project's image. Raises ConfigurationError when [container] python names none."""
    found = re.fullmatch(r"py(\d)(\d+)", project.container.python)
    if found is None:
        raise ConfigurationError(
            f"{project.path}: container.python = {project.container.python!r} names no Python: write it as images are "
            "tagged, such as py312"
        )
    return int(found[1]), int(found[2])


def download(arguments: Sequence[str], folder: Path, python: Python) -> None:
    """Put the wheels of pip's `arguments` into `folder`, without their dependencies. Raises NoWheel."""
    platforms = [f"--platform={name}" for name in _PLATFORMS]
    fitting = ["--only-binary=:all:", "--implementation=cp", f"--python-version={shown(python)}", *platforms]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--no-deps", *fitting]
    run = subprocess.run([*command, f"--dest={folder}", *arguments], capture_output=True, text=True, check=False)
    if run.returncode != 0:
        raise NoWheel(_why(run.stderr.splitlines()))


def _why(lines: Sequence[str]) -> str:
    """pip's last error, and before it that the index did not answer, where it did not."""
    said = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    unreached = "the index cannot be reached; " if any("WARNING: Retrying" in line for line in lines) else ""
    return unreached + (said or lines or ["nothing"])[-1].strip(" .")


def fits(file_name: str, python: Python) -> bool:
    """Whether a container with this Python can run the wheel of this name."""
    platforms = [*_PLATFORMS, *_LEGACY_PLATFORMS]
    known = {
        *cpython_tags(python, platforms=platforms),
        *compatible_tags(python, f"cp{python[0]}{python[1]}", platforms),
    }
    return bool(_tags(file_name) & known)


def marker(file_name: str) -> str:
    """The environment marker (PEP 508) that holds where the wheel of this name fits; empty for a pure one.

    pip passes over a requirement whose marker does not hold, so a listing with it can be installed anywhere.
    """
    tags = _tags(file_name)
    pythons = sorted({_python_clause(tag) for tag in tags} - {""})
    clauses = [f"({' or '.join(pythons)})" if pythons[1:] else pythons[0]] if pythons else []
    if any(tag.interpreter.startswith("cp") for tag in tags):
        clauses.append('implementation_name == "cpython"')
    if all(tag.platform != "any" for tag in tags):
        clauses += ['sys_platform == "linux"', 'platform_machine == "x86_64"']
    return " and ".join(clauses)


def shown(python: Python) -> str:
    return ".".join(str(part) for part in python)


def _tags(file_name: str) -> frozenset[Tag]:
    return parse_wheel_filename(file_name)[3]


def _python_clause(tag: Tag) -> str:
    found = re.fullmatch(r"cp(\d)(\d+)", tag.interpreter)
    if found is None:
        return ""
    return f'python_version {">=" if tag.abi == "abi3" else "=="} "{found[1]}.{found[2]}"'
