"""Every way in which evidence can fail to allow a promotion."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import pytest

from deploy import config, evidence
from deploy.bundle import Bundle
from deploy.config import Project
from deploy.core import settings
from deploy.core.errors import ConfigurationError, GateRefused
from deploy.evidence import Case, Check, Configuration, InputFile, PeakMemory, Report, RuntimeUsed
from deploy.evidence.attestation import attest
from deploy.evidence.bench import Bench, BenchPoint, Recommendation, Spread
from deploy.evidence.measured import AS_CONFIGURED
from deploy.gates.gate import GateInput, GateVerdict, gate, read_evidence, require_open
from deploy.signatures.machine_key import machine_signer
from tests.deploy.projects import write_bundle
from tests.deploy.reports import (
    NOW,
    OFFICIAL,
    PARITY,
    PROCESS,
    TRUSTED,
    evidence_of,
    known_answer,
    machine_keys,
    report,
    throughput,
    write_report,
)

COMPATIBLE = RuntimeUsed(kind="docker", assurance="compatible", image="compatible:cpu")


@pytest.fixture
def made(tmp_path: Path) -> tuple[Project, Bundle]:
    return write_bundle(tmp_path)


def judge(
    made: tuple[Project, Bundle], *reports: Report, local: bool = False, overrides: dict[str, str] | None = None
) -> dict[str, GateVerdict]:
    found = evidence_of(*reports)
    verdicts = gate(GateInput(*made, found, NOW, target_is_local=local, trusted=TRUSTED), overrides)
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
        ({"runtime": PROCESS}, "runtime", "process runtime, demanded is the official container"),
        ({"cases": (known_answer(0.85),)}, "known_answer", "mAP50 0.85, demanded is at least 0.9"),
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
    assert shut(judge(made, report(*made, checks=(PARITY, throughput(**{metric: good}))))) == []
    assert shut(judge(made, report(*made, checks=(PARITY, throughput(**{metric: bad}))))) == [gate_name]
    assert judge(made, report(*made))[gate_name].outcome == "inconclusive"


def test_the_worst_of_several_measurements_counts(tmp_path: Path) -> None:
    made = write_bundle(tmp_path, extra="[gates]\nmin_frames_per_second = 10\n")
    fast, slow = (report(*made, checks=(PARITY, throughput(frames_per_second=fps))) for fps in (20.0, 5.0))
    assert shut(judge(made, fast, slow)) == ["throughput"]


def test_peak_memory_has_limits(tmp_path: Path) -> None:
    made = write_bundle(tmp_path, extra="[gates]\nmax_memory_bytes = 1000\nmax_gpu_memory_bytes = 2000\n")
    assert shut(judge(made, report(*made, peak_memory=PeakMemory(host_bytes=999, gpu_bytes=2001)))) == ["gpu_memory"]
    assert shut(judge(made, report(*made, peak_memory=PeakMemory(host_bytes=999)))) == ["gpu_memory"]
    assert shut(judge(made, report(*made))) == ["memory", "gpu_memory"]


NOT_PROVEN: dict[str, tuple[Check, ...]] = {
    "missing": (),
    "skipped": (Check(name="parity", outcome="skipped", summary="no time"),),
    "inconclusive": (Check(name="parity", outcome="inconclusive"),),
    "failed": (Check(name="parity", outcome="failed"),),
}


@pytest.mark.parametrize("how", NOT_PROVEN)
def test_aws_demands_parity_by_default_and_the_local_target_does_not(made: tuple[Project, Bundle], how: str) -> None:
    found = report(*made, checks=NOT_PROVEN[how])
    verdicts = judge(made, found)
    assert "parity" in shut(verdicts)
    assert verdicts["parity"].outcome == ("inconclusive" if how in ("skipped", "inconclusive") else "failed")
    assert "parity" not in judge(made, found, local=True)


@pytest.mark.parametrize("how", NOT_PROVEN)
def test_a_check_that_is_named_is_demanded_of_the_local_target_too(tmp_path: Path, how: str) -> None:
    made = write_bundle(tmp_path, extra="[gates]\nrequired_checks = ['parity']\n")
    assert "parity" in shut(judge(made, report(*made, checks=NOT_PROVEN[how]), local=True))
    assert "parity" not in shut(judge(made, report(*made), local=True))


def test_an_empty_list_demands_no_check(tmp_path: Path) -> None:
    made = write_bundle(tmp_path, extra="[gates]\nrequired_checks = []\n")
    assert shut(judge(made, report(*made, checks=()))) == []


def test_an_environment_may_demand_other_checks(tmp_path: Path) -> None:
    _, built = write_bundle(tmp_path, extra="[env.dev.gates]\nrequired_checks = []\n")
    dev = config.load(tmp_path / config.FILE_NAME, "dev")
    assert shut(judge((dev, built), report(dev, built, checks=()))) == []


@pytest.mark.parametrize("outcome", ["failed", "inconclusive"])
def test_a_check_that_ran_must_have_passed_whether_it_is_demanded_or_not(
    made: tuple[Project, Bundle], outcome: Literal["failed", "inconclusive"]
) -> None:
    verdicts = judge(made, report(*made, checks=(PARITY, Check(name="chaos", outcome=outcome))))
    assert shut(verdicts) == ["verdict"]
    assert verdicts["verdict"].outcome == outcome


RANKS = ("process", "compatible", "official")


@pytest.mark.parametrize("demanded", RANKS)
@pytest.mark.parametrize("ran", RANKS)
def test_evidence_must_come_from_the_demanded_runtime_or_a_better_one(tmp_path: Path, demanded: str, ran: str) -> None:
    made = write_bundle(tmp_path, extra=f"[gates]\nruntime = '{demanded}'\n")
    used = {"process": PROCESS, "compatible": COMPATIBLE, "official": OFFICIAL}[ran]
    refused = RANKS.index(ran) < RANKS.index(demanded)
    assert shut(judge(made, report(*made, runtime=used))) == (["runtime"] if refused else [])


def bench(made: tuple[Project, Bundle], *points: BenchPoint, name: str = "bench.json") -> Path:
    """What `harness bench` writes."""
    of = report(*made)
    found = Bench(
        tool_version="0.1.0", run_id="bench", created=NOW, bundle=of.bundle, configuration=of.configuration,
        runtime=OFFICIAL, machine=of.machine, rule="5 %", points=points,
        clip=InputFile(file="clip.mp4", size_bytes=1, sha256="a" * 64, content_type="video/mp4"),
        recommendation=Recommendation(point=None, reason="none"),
    )  # fmt: skip
    path = made[0].root / name
    path.write_text(found.model_dump_json(by_alias=True))
    attest(path, machine_signer(settings.read().machine_key))
    return path


def point(name: str = AS_CONFIGURED, outcome: Literal["stable", "unstable"] = "stable") -> BenchPoint:
    return BenchPoint(
        name=name, outcome=outcome, frames_per_second=Spread(median=12.0, low=11.0, high=13.0),
        jobs_per_second=0.5, request_p95_seconds=20.0, peak_host_bytes=900, peak_gpu_bytes=1900,
    )  # fmt: skip


EVERY_LIMIT = (
    "[gates]\nmin_frames_per_second = {fps}\nmax_p95_seconds = {p95}\n"
    "max_memory_bytes = {host}\nmax_gpu_memory_bytes = {gpu}\n"
)


@pytest.mark.parametrize(
    ("limits", "refused"),
    [
        ({}, []),
        ({"fps": 13}, ["throughput"]),
        ({"p95": 19}, ["p95"]),
        ({"host": 899}, ["memory"]),
        ({"gpu": 1899}, ["gpu_memory"]),
    ],
)
def test_a_benchmark_is_evidence_of_speed_and_memory(
    tmp_path: Path, limits: dict[str, int], refused: list[str]
) -> None:
    extra = EVERY_LIMIT.format(**({"fps": 12, "p95": 20, "host": 900, "gpu": 1900} | limits))
    made = write_bundle(tmp_path, extra=extra)
    write_report(tmp_path / "report.json", report(*made))
    found = read_evidence([tmp_path / "report.json", bench(made, point())])
    verdicts = gate(GateInput(*made, found, NOW, target_is_local=False, trusted=machine_keys()))
    assert shut({each.gate: each for each in verdicts}) == refused


def test_an_unstable_benchmark_blocks(made: tuple[Project, Bundle]) -> None:
    (found,) = read_evidence([bench(made, point(outcome="unstable"))])
    verdict = judge(made, report(*made), found.report)["verdict"]
    assert (verdict.outcome, verdict.allows) == ("inconclusive", False)


def test_a_benchmark_of_other_settings_is_no_evidence(made: tuple[Project, Bundle]) -> None:
    with pytest.raises(ConfigurationError, match=r"bench\.json: the project's own settings were not measured"):
        read_evidence([bench(made, point("batch 4"))])


def test_a_damaged_benchmark_is_named(made: tuple[Project, Bundle]) -> None:
    path = made[0].root / "bench.json"
    path.write_text('{"schema": "rehearsal.bench/1"}')
    with pytest.raises(ConfigurationError, match=r"bench\.json: not a rehearsal\.bench/1 file: tool_version"):
        read_evidence([path])


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
