"""Which evidence of this machine a command uses."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy import bundle as bundles
from deploy.bundle import Bundle
from deploy.cli.session import Options
from deploy.cli.session.local_evidence import LocalEvidence, keep
from deploy.config import Project
from tests.deploy.projects import write_project
from tests.deploy.reports import report, throughput, write_report

BENCHED = Path("rehearsal-bench/report.json")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.chdir(tmp_path)
    return write_project(tmp_path)


@pytest.fixture
def built(project: Project, tmp_path: Path) -> Bundle:
    return bundles.build(project, tmp_path / "dist")


def local(project: Project, built: Bundle, *evidence: Path) -> LocalEvidence:
    options = Options(bundle=str(built.path), evidence=tuple(str(path) for path in evidence))
    return LocalEvidence(project, options, lambda: built)


def test_a_benchmark_of_this_bundle_is_evidence(project: Project, built: Bundle) -> None:
    write_report(BENCHED, report(project, built, cases=(), checks=(throughput(jobs_per_second=2.0),)))
    found = local(project, built)
    measured = found.throughput()
    assert len(found.everything()) == 1
    assert measured is not None
    assert measured.jobs_per_second == 2.0


def test_a_benchmark_of_another_bundle_is_none(project: Project, built: Bundle) -> None:
    other = report(project, built).bundle.model_copy(update={"sha256": "b" * 64})
    write_report(BENCHED, report(project, built, checks=(throughput(jobs_per_second=2.0),), bundle=other))
    found = local(project, built)
    assert found.everything() == ()
    assert found.throughput() is None


def test_named_files_replace_the_last_reports(project: Project, built: Bundle, tmp_path: Path) -> None:
    named = write_report(tmp_path / "named.json", report(project, built))
    write_report(BENCHED, report(project, built, checks=(throughput(jobs_per_second=2.0),)))
    assert [each.path for each in local(project, built, named).everything()] == [named]


def test_kept_evidence_is_a_copy(project: Project, built: Bundle, tmp_path: Path) -> None:
    named = write_report(tmp_path / "named.json", report(project, built))
    found = local(project, built, named).everything()
    keep(found, tmp_path / "kept")
    assert (tmp_path / "kept" / f"{found[0].sha256}.json").read_bytes() == named.read_bytes()
