"""Every way in which evidence can fail to allow a promotion."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from deploy import evidence
from deploy.bundle import Bundle
from deploy.config import Project
from deploy.errors import ConfigurationError, GateRefused
from deploy.evidence import Case, Check, Configuration, PeakMemory, Report
from deploy.gate import Evidence, GateVerdict, Question, gate, read_evidence, require_open
from tests.deploy.projects import write_bundle
from tests.deploy.reports import NOW, PROCESS, known_answer, report, throughput, write_report


@pytest.fixture
def made(tmp_path: Path) -> tuple[Project, Bundle]:
    return write_bundle(tmp_path)


def judge(
    made: tuple[Project, Bundle], *reports: Report, local: bool = False, overrides: dict[str, str] | None = None
) -> dict[str, GateVerdict]:
    found = [Evidence(Path(f"report{number}.json"), "0" * 64, each) for number, each in enumerate(reports)]
    verdicts = gate(Question(*made, found, NOW, target_is_local=local), overrides)
    return {verdict.gate: verdict for verdict in verdicts}


def shut(verdicts: dict[str, GateVerdict]) -> list[str]:
    return [verdict.gate for verdict in verdicts.values() if not verdict.allows]


def test_good_evidence_opens_every_gate(made: tuple[Project, Bundle]) -> None:
    verdicts = judge(made, report(*made))
    assert shut(verdicts) == []
    require_open(list(verdicts.values()))


def test_without_evidence_nothing_is_promoted(made: tuple[Project, Bundle]) -> None:
    assert shut(judge(made)) == ["evidence"]


def altered(made: tuple[Project, Bundle], **changes: Any) -> Report:
    return report(*made, **changes)


@pytest.mark.parametrize(
    ("changes", "gate_name", "said"),
    [
        ({"bundle": evidence.Bundle(sha256="b" * 64, size_bytes=1, handler_sha256="c" * 64, weights_sha256="d" * 64)},
         "bundle", "is about bundle bbbbbbbbbbbb"),
        ({"configuration": Configuration(path=None, sha256="e" * 64)}, "configuration", "made with other settings"),
        ({"created": NOW - timedelta(hours=169)}, "freshness", "169.0 h old, allowed are 168 h"),
        ({"created": NOW + timedelta(hours=1)}, "freshness", "in the future"),
        ({"runtime": PROCESS}, "runtime", "process runtime, demanded is official"),
        ({"cases": (known_answer(0.85),)}, "known_answer", "0.85, demanded is at least 0.9"),
        ({"cases": (Case(name="mine", kind="user_video", outcome="completed"),)}, "known_answer", "no case of it"),
    ],
)  # fmt: skip
def test_a_single_flaw_shuts_its_own_gate(
    made: tuple[Project, Bundle], changes: dict[str, Any], gate_name: str, said: str
) -> None:
    verdicts = judge(made, altered(made, **changes))
    assert shut(verdicts) == [gate_name]
    assert said in verdicts[gate_name].reason


def test_a_failed_rehearsal_is_refused(made: tuple[Project, Bundle]) -> None:
    cases = (known_answer(), Case(name="bikes", kind="user_video", outcome="failed"))
    assert shut(judge(made, report(*made, cases=cases))) == ["verdict"]


def test_a_measurement_that_was_not_made_is_inconclusive_and_blocks(made: tuple[Project, Bundle]) -> None:
    verdicts = judge(made, report(*made, cases=(known_answer(None),)))
    assert verdicts["known_answer"].outcome == "inconclusive"
    assert "known_answer" in shut(verdicts)


def test_a_small_clock_difference_is_no_matter(made: tuple[Project, Bundle]) -> None:
    assert shut(judge(made, report(*made, created=NOW + timedelta(minutes=4)))) == []


def test_the_local_target_accepts_process_evidence(made: tuple[Project, Bundle]) -> None:
    assert shut(judge(made, report(*made, runtime=PROCESS), local=True)) == []


def test_one_bad_piece_of_evidence_among_good_ones_still_blocks(made: tuple[Project, Bundle]) -> None:
    assert shut(judge(made, report(*made), report(*made, runtime=PROCESS))) == ["runtime"]


LIMITS = {
    "min_frames_per_second = 10": ("throughput", "frames_per_second", 12.0, 9.0),
    "max_p95_seconds = 30": ("p95", "request_p95_seconds", 20.0, 31.0),
}


@pytest.mark.parametrize("setting", LIMITS)
def test_limits_are_judged_by_the_benchmark_and_missing_ones_block(tmp_path: Path, setting: str) -> None:
    made = write_bundle(tmp_path, extra=f"[gates]\n{setting}\n")
    gate_name, metric, good, bad = LIMITS[setting]
    assert shut(judge(made, report(*made, checks=(throughput(**{metric: good}),)))) == []
    assert shut(judge(made, report(*made, checks=(throughput(**{metric: bad}),)))) == [gate_name]
    assert judge(made, report(*made))[gate_name].outcome == "inconclusive"


def test_the_worst_of_several_measurements_counts(tmp_path: Path) -> None:
    made = write_bundle(tmp_path, extra="[gates]\nmin_frames_per_second = 10\n")
    fast, slow = (report(*made, checks=(throughput(frames_per_second=fps),)) for fps in (20.0, 5.0))
    assert shut(judge(made, fast, slow)) == ["throughput"]


def test_peak_memory_has_limits(tmp_path: Path) -> None:
    made = write_bundle(tmp_path, extra="[gates]\nmax_memory_bytes = 1000\nmax_gpu_memory_bytes = 2000\n")
    assert shut(judge(made, report(*made, peak_memory=PeakMemory(host_bytes=999, gpu_bytes=2001)))) == ["gpu_memory"]
    assert shut(judge(made, report(*made, peak_memory=PeakMemory(host_bytes=999)))) == ["gpu_memory"]
    assert shut(judge(made, report(*made))) == ["memory", "gpu_memory"]


@pytest.mark.parametrize(
    ("checks", "refused"),
    [
        ((Check(name="parity", outcome="passed"),), False),
        ((), True),
        ((Check(name="parity", outcome="skipped", summary="no time"),), True),
        ((Check(name="parity", outcome="inconclusive"),), True),
        ((Check(name="parity", outcome="failed"),), True),
    ],
)
def test_a_demanded_check_must_have_run_and_passed(tmp_path: Path, checks: tuple[Check, ...], refused: bool) -> None:
    made = write_bundle(tmp_path, extra="[gates]\nrequired_checks = ['parity']\n")
    assert ("parity" in shut(judge(made, report(*made, checks=checks)))) is refused


def test_an_override_opens_its_gate_only_and_is_remembered(made: tuple[Project, Bundle]) -> None:
    flawed = report(*made, runtime=PROCESS, created=NOW - timedelta(days=30))
    verdicts = judge(made, flawed, overrides={"runtime": "no Docker on this machine"})
    assert shut(verdicts) == ["freshness"]
    assert verdicts["runtime"].outcome == "overridden"
    assert verdicts["runtime"].reason.endswith("overridden because: no Docker on this machine")


def test_an_override_of_an_open_gate_changes_nothing(made: tuple[Project, Bundle]) -> None:
    assert judge(made, report(*made), overrides={"runtime": "x"})["runtime"].outcome == "passed"


def test_an_override_of_an_unknown_gate_is_refused(made: tuple[Project, Bundle]) -> None:
    with pytest.raises(ConfigurationError, match="there is no gate runtmie to override"):
        judge(made, report(*made), overrides={"runtmie": "x"})


def test_a_refusal_names_every_shut_gate(made: tuple[Project, Bundle]) -> None:
    verdicts = judge(made, report(*made, runtime=PROCESS, created=NOW - timedelta(days=30)))
    with pytest.raises(GateRefused, match=r"(?s)freshness: .*runtime: .*--override"):
        require_open(list(verdicts.values()))


def test_evidence_is_read_with_the_digest_of_its_bytes(made: tuple[Project, Bundle], tmp_path: Path) -> None:
    path = write_report(tmp_path / "report.json", report(*made))
    (found,) = read_evidence([path])
    assert found.report == report(*made)
    assert len(found.sha256) == 64


def test_evidence_that_is_not_there_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="harness validate"):
        read_evidence([tmp_path / "report.json"])
