"""Evidence as a rehearsal would write it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from deploy import evidence
from deploy.bundle import Bundle
from deploy.config import Project
from deploy.evidence import Case, Check, Configuration, Machine, Metric, Report, RuntimeUsed

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
OFFICIAL = RuntimeUsed(kind="docker", assurance="official", image="pytorch:2.6", image_digest="sha256:" + "a" * 64)
PROCESS = RuntimeUsed(kind="process", assurance="process")


PARITY = Check(name="parity", outcome="passed")


def known_answer(map50: float | None = 0.97) -> Case:
    metrics = (Metric(name="map_50", value=map50),)
    return Case(name="known answer", kind="known_answer", outcome="completed", metrics=metrics)


def project_case(name: str = "rose", **changes: Any) -> Case:
    return Case(name=name, kind="project_case", outcome="completed", **changes)


def throughput(**metrics: float | None) -> Check:
    found = tuple(Metric(name=name, value=value) for name, value in metrics.items())
    return Check(name="throughput", outcome="passed", metrics=found)


def report(
    project: Project,
    bundle: Bundle,
    /,
    *,
    cases: Sequence[Case] = (known_answer(),),
    checks: Sequence[Check] = (PARITY,),
    **changes: Any,
) -> Report:
    manifest = bundle.manifest
    subject = evidence.Bundle(
        sha256=bundle.sha256, size_bytes=bundle.size_bytes, handler_sha256=manifest.handler_sha256,
        weights_sha256=manifest.weights_sha256,
    )  # fmt: skip
    machine = Machine(cpu_model="x", cpu_count=2, memory_bytes=1, operating_system="Linux", python="3.11")
    facts: dict[str, Any] = {
        "tool_version": "0.1.0", "run_id": "run", "created": NOW, "bundle": subject, "machine": machine,
        "configuration": Configuration(path=None, sha256=project.digest()), "runtime": OFFICIAL,
        "cases": tuple(cases), "checks": tuple(checks), "verdict": evidence.judge(cases, checks),
    }  # fmt: skip
    return Report(**(facts | changes))


def write_report(path: Path, made: Report) -> Path:
    evidence.write(path, made)
    return path
