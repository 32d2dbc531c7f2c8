"""Describes where a record was made: the versions of what decodes and computes, and the image in a container.

REHEARSAL_BENCH_CONTEXT  JSON from `in_container` with the facts that a container cannot find out by itself
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
from typing import Any

VARIABLE = "REHEARSAL_BENCH_CONTEXT"
PACKAGES = ("torch", "torchvision", "numpy", "av", "opencv-python", "opencv-python-headless")


def versions() -> dict[str, str]:
    """Versions of the interpreter and of installed packages; where `av` is missing, the handler cannot skip."""
    return {"python": platform.python_version()} | {
        name: found for name in PACKAGES if (found := _version(name)) is not None
    }


def has_pyav() -> bool:
    return _version("av") is not None


def container() -> dict[str, Any]:
    """`image`, `image_digest`, `assurance`, `commit`; empty outside a container."""
    told: dict[str, Any] = json.loads(os.environ.get(VARIABLE, "{}"))
    return told


def image() -> dict[str, str]:
    """The facts about the container in every record."""
    return {name: value for name, value in container().items() if name in ("image", "image_digest")}


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None
