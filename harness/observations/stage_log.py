"""The handler's own account of its requests, read from the container's log.

Owns the reading of the lines `stages {...}`, which `handler/detector/core/stages.py` writes. A handler that writes none
is measured from outside only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from harness.serving.stacks import default_stack

_STAGES = re.compile(r"stages (\{.*\})\s*$")
_WENT_ON = re.compile(r"out of memory on .*; going on with ")


@dataclass(frozen=True)
class Account:
    """The account of one request: seconds by stage, counts, and the peak of its tensors on the GPU."""

    total_seconds: float
    seconds: Mapping[str, float] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    gpu_peak_bytes: int | None = None


@dataclass(frozen=True)
class ContainerLog:
    accounts: tuple[Account, ...]
    out_of_memory_count: int
    """How often the handler ran out of memory and continued with a smaller batch."""


def read(logs_dir: Path) -> ContainerLog:
    """The accounts of all instances whose logs are below `logs_dir`."""
    texts = [path.read_text(encoding="utf-8", errors="replace") for path in sorted(logs_dir.rglob("i-*.log"))]
    said = [line for text in texts for line in default_stack().log.model_output(text)]
    return ContainerLog(tuple(_accounts(said)), sum(_WENT_ON.match(line) is not None for line in said))


def _accounts(said: Iterable[str]) -> Iterator[Account]:
    for stages in filter(None, map(_STAGES.match, said)):
        try:
            yield TypeAdapter(Account).validate_python(json.loads(stages[1]))
        except (ValueError, ValidationError):
            continue  # two workers can write into each other's line
