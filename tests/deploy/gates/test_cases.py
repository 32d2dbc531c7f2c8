"""The gate of models without a known answer: no case, no promotion to AWS."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.bundle import Bundle
from deploy.config import Project
from deploy.core.digests import digest_of_file
from deploy.evidence import Case, Check, Finding
from deploy.evidence.cases import InputFile
from deploy.gates.gate import GateInput, GateVerdict, gate
from tests.deploy.projects import write_bundle
from tests.deploy.reports import NOW, TRUSTED, evidence_of, project_case, report

ROSE = '[[case]]\nname = "rose"\nfile = "rose.jpg"\n'
SKIPPED = (Check(name="parity", outcome="skipped", summary="nothing to compare with"),)
PROBE = Case(name="random bytes", kind="bad_input", expected_outcome="failed", outcome="failed")


def stranger(folder: Path, extra: str = "") -> tuple[Project, Bundle]:
    return write_bundle(folder, extra=extra, of_the_flagship=False)


def judge(made: tuple[Project, Bundle], *cases: Case, local: bool = False) -> dict[str, GateVerdict]:
    (found,) = evidence_of(report(*made, cases=cases, checks=SKIPPED))
    return {each.gate: each for each in gate(GateInput(*made, [found], NOW, target_is_local=local, trusted=TRUSTED))}


def test_a_stranger_is_promoted_by_its_cases_without_parity_or_a_known_answer(tmp_path: Path) -> None:
    verdicts = judge(stranger(tmp_path, ROSE), project_case(), PROBE)
    assert [each.gate for each in verdicts.values() if not each.allows] == []
    assert {"parity", "known_answer"}.isdisjoint(verdicts)
    assert verdicts["cases"].reason == "1 of the project's cases answered as expected, demanded is at least 1"


def test_no_case_no_promotion_to_aws(tmp_path: Path) -> None:
    verdict = judge(stranger(tmp_path), PROBE)["cases"]
    assert verdict.outcome == "failed"
    assert "add a [[case]] to" in verdict.reason


def test_the_local_target_demands_cases_only_when_told(tmp_path: Path) -> None:
    assert "cases" not in judge(stranger(tmp_path / "untold"), PROBE, local=True)
    told = stranger(tmp_path / "told", "[gates]\nmin_cases = 1\n")
    assert judge(told, PROBE, local=True)["cases"].outcome == "failed"


def test_a_case_of_now_must_be_in_the_evidence_on_any_target(tmp_path: Path) -> None:
    made = stranger(tmp_path, ROSE)
    assert "rose did not pass" in judge(made, project_case("lily"), local=True)["cases"].reason


def test_a_case_whose_file_was_replaced_is_another_case(tmp_path: Path) -> None:
    made = stranger(tmp_path, ROSE)
    (tmp_path / "rose.jpg").write_bytes(b"a rose")
    sent = InputFile(
        file="rose.jpg", size_bytes=6, sha256=digest_of_file(tmp_path / "rose.jpg"), content_type="image/jpeg"
    )
    assert judge(made, project_case(input=sent))["cases"].outcome == "passed"
    (tmp_path / "rose.jpg").write_bytes(b"a lily")
    assert "rose was sent as another file than it is now" in judge(made, project_case(input=sent))["cases"].reason
    (tmp_path / "rose.jpg").unlink()
    assert judge(made, project_case(input=sent))["cases"].outcome == "failed"


def test_a_case_that_failed_does_not_count(tmp_path: Path) -> None:
    wrong = Finding(check="answer.value", severity="error", message="it is a lily")
    assert judge(stranger(tmp_path, ROSE), project_case(findings=(wrong,)))["cases"].outcome == "failed"


def test_a_refusal_as_expected_is_no_answer(tmp_path: Path) -> None:
    refused = Case(name="rose", kind="project_case", expected_outcome="failed", outcome="failed")
    assert judge(stranger(tmp_path, ROSE), refused)["cases"].outcome == "failed"


@pytest.mark.parametrize("kind", ["user_case", "recovery"])
def test_only_cases_of_the_project_count(tmp_path: Path, kind: str) -> None:
    other = Case(name="rose", kind=kind, outcome="completed")
    assert judge(stranger(tmp_path, "[gates]\nmin_cases = 1\n"), other)["cases"].outcome == "failed"
