"""Every gate of the registry is documented, can be opened and shut, and is spelled as it is called."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from deploy import evidence
from deploy.bundle import Bundle
from deploy.config import Project
from deploy.config.sections import GatesSection
from deploy.core.errors import ConfigurationError
from deploy.evidence import Configuration, Finding, PeakMemory, Report
from deploy.gates import registry
from deploy.gates.gate import GateInput, GateVerdict, gate
from deploy.gates.registry import GATES, REQUIRED_CHECK
from deploy.signatures.keys import PublicKey
from tests.deploy.projects import write_bundle
from tests.deploy.reports import (
    NOW,
    OFFICIAL,
    PARITY,
    PROCESS,
    TRUSTED,
    evidence_of,
    known_answer,
    project_case,
    report,
    throughput,
)

DOCS = Path(__file__).parents[3] / "docs" / "deploying.md"
WRONG = Finding(check="answer.value", severity="error", message="it is a lily")
OTHER_BUNDLE = evidence.Bundle(sha256="b" * 64, size_bytes=1, handler_sha256="c" * 64, weights_sha256="d" * 64)
LIMITS = """[gates]
min_frames_per_second = 10
max_p95_seconds = 30
max_memory_bytes = 1000
max_gpu_memory_bytes = 1000
[[case]]
name = "rose"
file = "rose.jpg"
"""
DECODERS = {"video": "pyav", "pyav": "18.1.0", "opencv": "4.14.0"}
GOOD: dict[str, Any] = {
    "runtime": OFFICIAL.model_copy(update={"decoders": DECODERS}),
    "cases": (known_answer(), project_case()),
    "checks": (PARITY, throughput(frames_per_second=12.0, request_p95_seconds=20.0)),
    "peak_memory": PeakMemory(host_bytes=900, gpu_bytes=900),
}
# Who signs is no part of the evidence: that gate is shut for want of a trusted key.
# What of good evidence has to change for each gate, and for no other, to be shut.
FLAWS: dict[str, dict[str, Any]] = {
    "signature": {},
    "bundle": {"bundle": OTHER_BUNDLE},
    "configuration": {"configuration": Configuration(path=None, sha256="e" * 64)},
    "freshness": {"created": NOW - timedelta(hours=169)},
    "runtime": {"runtime": PROCESS},
    "decoders": {"runtime": OFFICIAL.model_copy(update={"decoders": {"video": "opencv", "opencv": "4.14.0"}})},
    "verdict": {"cases": (known_answer(), project_case(), project_case("lily", findings=(WRONG,)))},
    "known_answer": {"cases": (known_answer(0.85), project_case())},
    "cases": {"cases": (known_answer(), project_case("another"))},
    REQUIRED_CHECK: {"checks": (throughput(frames_per_second=12.0, request_p95_seconds=20.0),)},
    "throughput": {"checks": (PARITY, throughput(frames_per_second=9.0, request_p95_seconds=20.0))},
    "p95": {"checks": (PARITY, throughput(frames_per_second=12.0, request_p95_seconds=31.0))},
    "memory": {"peak_memory": PeakMemory(host_bytes=1001, gpu_bytes=900)},
    "gpu_memory": {"peak_memory": PeakMemory(host_bytes=900, gpu_bytes=1001)},
}
WITH_EVIDENCE = [row.name for row in GATES if row.needs_evidence]


@pytest.fixture
def made(tmp_path: Path) -> tuple[Project, Bundle]:
    wheel = tmp_path / "handler" / "wheels" / "av-18.1.0-cp311-abi3-manylinux_2_28_x86_64.whl"
    wheel.parent.mkdir(parents=True)
    wheel.write_bytes(b"by its name alone")
    return write_bundle(tmp_path, extra=LIMITS)


def judge(
    made: tuple[Project, Bundle],
    *reports: Report,
    overrides: dict[str, str] | None = None,
    trusted: Sequence[PublicKey] = TRUSTED,
) -> tuple[GateVerdict, ...]:
    found = evidence_of(*reports)
    return gate(GateInput(*made, found, NOW, target_is_local=False, trusted=trusted), overrides)


def called(row: str) -> str:
    return "parity" if row == REQUIRED_CHECK else row


def test_good_evidence_opens_every_gate_in_the_registrys_order(made: tuple[Project, Bundle]) -> None:
    verdicts = judge(made, report(*made, **GOOD))
    assert [(each.gate, each.outcome) for each in verdicts] == [(called(name), "passed") for name in WITH_EVIDENCE]


@pytest.mark.parametrize("name", WITH_EVIDENCE)
def test_one_flaw_shuts_each_gate_alone(made: tuple[Project, Bundle], name: str) -> None:
    trusted = () if name == "signature" else TRUSTED
    verdicts = judge(made, report(*made, **(GOOD | FLAWS[name])), trusted=trusted)
    assert [each.gate for each in verdicts if not each.allows] == [called(name)]


def test_without_evidence_only_that_is_asked(made: tuple[Project, Bundle]) -> None:
    (row,) = [row for row in GATES if not row.needs_evidence]
    (verdict,) = judge(made)
    assert (verdict.gate, verdict.outcome) == (row.name, "failed")


def documented() -> str:
    """The table of gates, as people read it."""
    return DOCS.read_text(encoding="utf-8").split("| gate | opens when |")[1].split("\n\n")[0]


@pytest.mark.parametrize("row", GATES, ids=lambda row: row.name)
def test_every_gate_is_documented_with_its_settings(row: registry.Gate) -> None:
    (line,) = [line for line in documented().splitlines() if line.startswith("|") and _names(line, row.name)]
    assert all(f"`{setting}`" in line for setting in row.settings)


def _names(line: str, gate_name: str) -> bool:
    first = line.split("|")[1].strip()
    return first == gate_name or f"`{gate_name}`" in first


def test_every_key_of_the_gates_section_belongs_to_a_gate() -> None:
    assert {setting for row in GATES for setting in row.settings} == set(GatesSection.model_fields)


def test_names_are_given_once() -> None:
    assert len({row.name for row in GATES}) == len(GATES)


@pytest.mark.parametrize("name", ["evidence", "signature"])
def test_on_aws_nothing_stands_in_for_evidence(made: tuple[Project, Bundle], name: str) -> None:
    found = () if name == "evidence" else (report(*made, **GOOD),)
    with pytest.raises(ConfigurationError, match=f"gate {name} may not be overridden"):
        judge(made, *found, overrides={name: "in a hurry"})


def test_a_gate_that_is_spelled_wrong_is_told_the_right_name(made: tuple[Project, Bundle]) -> None:
    with pytest.raises(ConfigurationError, match=r"there is no gate runtmie .*did you mean runtime\?"):
        judge(made, report(*made, **GOOD), overrides={"runtmie": "x"})


def test_a_check_that_is_spelled_wrong_is_told_what_ran(tmp_path: Path) -> None:
    made = write_bundle(tmp_path, extra="[gates]\nrequired_checks = ['paritty']\n")
    found = {each.gate: each for each in judge(made, report(*made))}["paritty"]
    assert (found.outcome, found.reason.endswith("did you mean parity?")) == ("failed", True)


def test_a_gate_may_forbid_its_override(made: tuple[Project, Bundle], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "GATES", [replace(row, may_be_overridden=row.name != "bundle") for row in GATES])
    flawed = report(*made, **(GOOD | FLAWS["bundle"]))
    with pytest.raises(ConfigurationError, match="gate bundle may not be overridden"):
        judge(made, flawed, overrides={"bundle": "x"})
