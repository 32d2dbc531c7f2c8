"""Evidence as a rehearsal would write it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from deploy import evidence
from deploy.bundle import Bundle
from deploy.config import Project
from deploy.core import settings
from deploy.evidence import Case, Check, Configuration, Machine, Metric, Report, RuntimeUsed, attestation
from deploy.evidence.attestation import Attestation
from deploy.gates.gate import Evidence
from deploy.signatures.evidence_keys import EvidenceKeys
from deploy.signatures.keys import PublicKey
from tests.deploy.keyrings import Ring

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
OFFICIAL = RuntimeUsed(kind="docker", assurance="official", image="pytorch:2.6", image_digest="sha256:" + "a" * 64)
PROCESS = RuntimeUsed(kind="process", assurance="process")


TRUSTED = (Ring.shared().pair("ed25519")[1],)
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
    """Signed with this machine's key, as a rehearsal signs where a project has none."""
    evidence.write(path, made)
    attestation.attest(path, EvidenceKeys(None, (), settings.read()).signer())
    return path


def machine_keys() -> tuple[PublicKey, ...]:
    return EvidenceKeys(None, (), settings.read()).trusted()


def evidence_of(*reports: Report) -> list[Evidence]:
    """As if it was read from files, signed with the key of `TRUSTED`."""
    return [_evidence(Path(f"report{number}.json"), each) for number, each in enumerate(reports)]


def _evidence(path: Path, made: Report) -> Evidence:
    data = made.model_dump_json(by_alias=True).encode()
    line = attestation.signed_line(path.name, data, Ring.shared().pair("ed25519")[0])
    return Evidence(path, hashlib.sha256(data).hexdigest(), made, Attestation(data, line))
