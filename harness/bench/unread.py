"""Swept variables that nothing here names: a name that is spelled wrong measures the same point again and again.

Any name may be the handler's, so none is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from deploy.config import Project
from deploy.evidence import Finding

# The serving stack and the libraries of the container read these themselves.
_OF_THE_CONTAINER = (
    "SAGEMAKER_",
    "TS_",
    "OMP_",
    "MKL_",
    "TORCH",
    "PYTORCH_",
    "CUDA_",
    "NVIDIA_",
    "KMP_",
    "MALLOC_",
    "LD_",
)
_CODE = (".py", ".toml", ".json", ".yaml", ".yml", ".cfg", ".ini", ".properties", ".env", ".sh")


def findings(project: Project, names: Sequence[str]) -> tuple[Finding, ...]:
    """A warning for each name that is neither the container's, nor in [handler.environment], nor in the handler."""
    asked = [name for name in names if not name.startswith(_OF_THE_CONTAINER)]
    unknown = [name for name in asked if name not in project.handler.environment]
    if not unknown:
        return ()
    code = "\n".join(_texts(project.handler.source))
    return tuple(_finding(name, project) for name in unknown if name not in code)


def _texts(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("*")):
        if path.suffix in _CODE and path.is_file():
            with suppress(OSError):
                yield path.read_text(encoding="utf-8", errors="replace")


def _finding(name: str, project: Project) -> Finding:
    return Finding(
        check="sweep.variable",
        severity="warning",
        message=f"no file below {project.handler.source.name}/ names this variable; where nothing reads it, all its "
        "values measure the same",
        where=name,
        advice="check its spelling",
    )
