"""Evidence as gates read it: report or benchmark files, and what was measured in them. May not: judge it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from deploy import evidence
from deploy.core.errors import ConfigurationError
from deploy.evidence import Metric, Report
from deploy.evidence.attestation import Attestation, attestation

# The check whose metrics a benchmark writes: frames_per_second, jobs_per_second, request_p95_seconds.
THROUGHPUT = "throughput"
MAKE_EVIDENCE = "run `harness validate` for this bundle"


@dataclass(frozen=True)
class Evidence:
    path: Path
    sha256: str
    report: Report
    attestation: Attestation


def read_evidence(paths: Sequence[Path]) -> tuple[Evidence, ...]:
    """Each a `report.json`, or a `bench.json`. Raises ConfigurationError when a file is missing or no evidence."""
    return tuple(_read(path) for path in paths)


def _read(path: Path) -> Evidence:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{path}: no evidence there ({error.strerror}): {MAKE_EVIDENCE}") from error
    return Evidence(
        path, hashlib.sha256(data).hexdigest(), evidence.read_any(data, where=str(path)), attestation(path, data)
    )


def measured(found: Sequence[Evidence], name: str) -> list[Metric]:
    """Metrics of the benchmark's check; none when no benchmark is among the evidence."""
    checks = [check for each in found for check in each.report.checks if check.name == THROUGHPUT]
    return [metric for check in checks for metric in check.metrics if metric.name == name]


def peaks(found: Sequence[Evidence], kind: Literal["host_bytes", "gpu_bytes"]) -> list[Metric]:
    """The highest use of memory in each piece of evidence that measured it."""
    highest = [getattr(each.report.peak_memory, kind) for each in found if each.report.peak_memory is not None]
    return [Metric(name=kind, value=float(peak)) for peak in highest if peak is not None]
