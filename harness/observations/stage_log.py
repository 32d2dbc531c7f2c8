"""The handler's own account of its requests and libraries, read from the container's log.

Owns the reading of the lines `stages {...}`, which `handler/detector/core/stages.py` writes, and `decoders {...}`, of
`handler/detector/io/libraries.py`. A handler that writes none is measured from outside only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from harness.serving.stacks import default_stack

_STAGES = re.compile(r"stages (\{.*\})\s*$")
_DECODERS = re.compile(r"decoders (\{.*\})\s*$")
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
    accounts: tuple[Account, ...] = ()
    out_of_memory_count: int = 0
    """How often the handler ran out of memory and continued with a smaller batch."""
    decoders: Mapping[str, str] = field(default_factory=dict)
    """The libraries that decode, with their versions; of workers that differ, both. Empty: the handler did not say."""


def read(logs_dir: Path) -> ContainerLog:
    """The accounts of all instances whose logs are below `logs_dir`."""
    texts = [path.read_text(encoding="utf-8", errors="replace") for path in sorted(logs_dir.rglob("i-*.log"))]
    said = [line for text in texts for line in default_stack().log.model_output(text)]
    went_on = sum(_WENT_ON.match(line) is not None for line in said)
    return ContainerLog(tuple(_accounts(said)), went_on, _decoders(said))


def _accounts(said: Iterable[str]) -> Iterator[Account]:
    for stages in filter(None, map(_STAGES.match, said)):
        try:
            yield TypeAdapter(Account).validate_python(json.loads(stages[1]))
        except (ValueError, ValidationError):
            continue  # two workers can write into each other's line


def _decoders(said: Iterable[str]) -> Mapping[str, str]:
    found: dict[str, list[str]] = {}
    for line in filter(None, map(_DECODERS.match, said)):
        with suppress(ValidationError):  # two workers can write into each other's line
            for name, version in TypeAdapter(dict[str, str]).validate_json(line[1]).items():
                found.setdefault(name, []).append(version)
    return {name: " and ".join(sorted(set(versions))) for name, versions in found.items()}
