"""The handler's own account of its requests, read from the container's log.

Owns: finding and reading the lines (`stages {...}` of `handler/detector/core/stages.py`). A handler that writes none is
measured from outside only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

_LINE = re.compile(r"MODEL_LOG - stages (\{.*\})\s*$", re.MULTILINE)
_WENT_ON = re.compile(r"MODEL_LOG - out of memory on .*; going on with ")


@dataclass(frozen=True)
class Account:
    """Of one request: seconds by stage, what was counted, and what its tensors took on the GPU."""

    total_seconds: float
    seconds: Mapping[str, float] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    gpu_peak_bytes: int | None = None


@dataclass(frozen=True)
class ContainerLog:
    accounts: tuple[Account, ...]
    out_of_memory_count: int
    """How often the handler went on with a smaller batch."""


def read(logs_dir: Path) -> ContainerLog:
    """Of all instances below `logs_dir`."""
    texts = [path.read_text(encoding="utf-8", errors="replace") for path in sorted(logs_dir.rglob("i-*.log"))]
    accounts = tuple(account for text in texts for account in _accounts(text))
    return ContainerLog(accounts, sum(len(_WENT_ON.findall(text)) for text in texts))


def _accounts(text: str) -> Iterator[Account]:
    for line in _LINE.findall(text):
        try:
            yield TypeAdapter(Account).validate_python(json.loads(line))
        except (ValueError, ValidationError):
            continue  # two workers can write into one another's line
