from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from deploy.core.errors import ConfigurationError, DeployError
from deploy.core.files import write_bytes
from deploy.evidence import (
    REDACTED,
    Case,
    Check,
    Endpoint,
    Failure,
    Finding,
    Frames,
    LocalCloud,
    Metric,
    Report,
    RuntimeUsed,
    Verdict,
    json_schema,
    judge,
    parse,
    read,
    reasons_against,
    safe_arguments,
    write,
)
from tests.harness.report.examples import STARTED, error, good_case, refused_case, report


def written(path: Path, **changes: Any) -> Path:
    """A valid report.json, then changed by hand."""
    write(path, report())
    document = json.loads(path.read_text())
    path.write_text(json.dumps({**document, **changes}))
    return path


def test_a_report_comes_back_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "new" / "report.json"
    write(path, report(checks=(Check(name="parity", outcome="skipped", summary="not asked for"),)))
    assert read(path) == report(checks=(Check(name="parity", outcome="skipped", summary="not asked for"),))


names = st.text(min_size=1, max_size=30)


@given(
    name=names,
    body=st.text(),
    value=st.none() | st.floats(allow_nan=False, allow_infinity=False),
    sampled=st.integers(0),
)
def test_any_case_survives_the_round_trip(name: str, body: str, value: float | None, sampled: int) -> None:
    case = Case(
        name=name,
        kind="user_video",
        outcome="failed",
        failure=Failure(reason=name, body=body),
        frames=Frames(expected=None, sampled=sampled),
        metrics=(Metric(name="map_50", value=value, at_least=0.9),),
    )
    before = report([case])
    assert parse(before.model_dump_json(by_alias=True).encode(), where="report.json") == before


def test_the_file_says_its_schema_first(tmp_path: Path) -> None:
    write(tmp_path / "report.json", report())
    assert next(iter(json.loads((tmp_path / "report.json").read_text()).items())) == ("schema", "rehearsal.report/1")


def test_a_written_report_obeys_the_published_json_schema(tmp_path: Path) -> None:
    write(tmp_path / "report.json", report())
    document = json.loads((tmp_path / "report.json").read_text())
    jsonschema.validate(document, json_schema(), cls=jsonschema.Draft202012Validator)
    del document["bundle"]["sha256"]
    with pytest.raises(jsonschema.ValidationError, match="sha256"):
        jsonschema.validate(document, json_schema(), cls=jsonschema.Draft202012Validator)


@pytest.mark.parametrize("schema", ["rehearsal.report/2", "rehearsal.bench/1", None, 1])
def test_another_schema_is_refused_with_what_to_do(tmp_path: Path, schema: object) -> None:
    path = written(tmp_path / "report.json", schema=schema)
    with pytest.raises(ConfigurationError, match=r"report\.json.*reads 'rehearsal\.report/1' only.*harness validate"):
        read(path)


@pytest.mark.parametrize("data", [b"", b"\xff\xfe", b"[]", b"null", b'{"schema":"rehearsal.report/1"', b"NaN"])
def test_what_is_no_report_is_refused_by_name(data: bytes) -> None:
    with pytest.raises(ConfigurationError, match=r"^there\.json: "):
        parse(data, where="there.json")


def test_a_missing_file_says_where_and_what_next(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"report\.json: cannot read.*No such file.*harness validate"):
        read(tmp_path / "report.json")


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"surprise": 1}, "surprise: Extra inputs"),
        ({"run_id": 7}, "run_id: "),
        ({"created": "2026-03-14T09:26:53"}, "created: "),
        ({"bundle": {}}, "bundle.sha256: Field required .and 3 more"),
    ],
)
def test_a_file_changed_by_hand_is_refused_at_the_changed_place(
    tmp_path: Path, changes: dict[str, object], problem: str
) -> None:
    with pytest.raises(ConfigurationError, match=problem):
        read(written(tmp_path / "report.json", **changes))


def test_a_pass_that_its_cases_contradict_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    write(path, report([good_case(map_50=0.4)]))
    document = json.loads(path.read_text())
    document["verdict"] = {"outcome": "passed", "summary": "all well", "findings": []}
    path.write_text(json.dumps(document))
    with pytest.raises(ConfigurationError, match="says passed, but case known answer is failed"):
        read(path)


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "report.json"
    write_bytes(path, b"old")

    def full_disk(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(DeployError, match=r"No space left on device.*previous file, if any, is unchanged"):
        write_bytes(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_in_the_place_of_the_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "report.json").mkdir()
    with pytest.raises(DeployError, match="cannot write"):
        write(tmp_path / "report.json", report())
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.json"]


def test_time_stamps_are_kept_in_utc() -> None:
    paris = datetime(2026, 3, 14, 10, 0, tzinfo=timezone(timedelta(hours=1)))
    moved = Report.model_validate({**report().model_dump(by_alias=True), "created": paris})
    assert moved.created.tzinfo is UTC
    assert moved.created.hour == 9


def test_the_run_lasts_from_the_first_start_to_the_last_end() -> None:
    assert report().total_seconds == 4.0
    assert report().stages[0].started == STARTED


def test_what_did_not_run_is_none_and_what_was_skipped_says_so() -> None:
    skipped = Check(name="parity", outcome="skipped", summary="not asked for")
    evidence = report(checks=(skipped,))
    assert evidence.check("contract") is None
    assert evidence.check("parity") == skipped
    assert evidence.cases_of("user_video") == ()


class TestJudging:
    def test_expected_failures_and_skipped_checks_pass(self) -> None:
        verdict = judge((good_case(), refused_case()), (Check(name="chaos", outcome="skipped"),))
        assert verdict.passed
        assert verdict.summary == "2 of 2 cases as expected"

    def test_a_request_that_should_have_failed_and_did_not_fails_the_run(self) -> None:
        accepted = refused_case().model_copy(update={"outcome": "completed"})
        assert judge((accepted,)).outcome == "failed"
        assert reasons_against((accepted,), ()) == ("case notes.mp4: completed, expected failed",)

    def test_no_case_at_all_is_inconclusive(self) -> None:
        assert judge(()).outcome == "inconclusive"

    def test_a_case_that_was_not_run_is_inconclusive(self) -> None:
        not_run = Case(name="recovery", kind="recovery", outcome="not_run")
        assert judge((good_case(), not_run)).outcome == "inconclusive"

    def test_a_metric_that_could_not_be_measured_is_inconclusive(self) -> None:
        assert judge((good_case(map_50=None),)).outcome == "inconclusive"

    def test_failed_outweighs_inconclusive(self) -> None:
        assert judge((good_case(map_50=None), good_case(map_50=0.1))).outcome == "failed"

    @pytest.mark.parametrize(("severity", "outcome"), [("error", "failed"), ("warning", "passed"), ("info", "passed")])
    def test_only_errors_stand_against_a_pass(self, severity: str, outcome: str) -> None:
        finding = Finding.model_validate({"check": "leftovers", "severity": severity, "message": "a port is taken"})
        assert judge((good_case(),), findings=(finding,)).outcome == outcome

    def test_a_check_cannot_pass_over_its_own_error(self) -> None:
        assert Check(name="lints", outcome="passed", findings=(error("no"),)).judgement == "failed"

    @pytest.mark.parametrize(
        ("value", "judgement"),
        [(0.89, "failed"), (0.9, "passed"), (1.0, "passed"), (1.1, "failed"), (None, "inconclusive")],
    )
    def test_limits_include_their_ends(self, value: float | None, judgement: str) -> None:
        assert Metric(name="map_50", value=value, at_least=0.9, at_most=1.0).judgement == judgement


class TestAtBirth:
    @pytest.mark.parametrize(
        ("kind", "assurance", "problem"),
        [
            ("process", "official", "process runtime cannot give official"),
            ("docker", "process", "docker runtime cannot give process"),
            ("docker", "official", "needs the digest"),
        ],
    )
    def test_a_runtime_claims_no_more_than_it_ran(self, kind: str, assurance: str, problem: str) -> None:
        with pytest.raises(ValidationError, match=problem):
            RuntimeUsed.model_validate({"kind": kind, "assurance": assurance})

    def test_numbers_that_are_none_are_refused(self) -> None:
        with pytest.raises(ValidationError, match="finite"):
            Metric(name="map_50", value=float("nan"))

    def test_only_known_settings_keep_their_values(self) -> None:
        endpoint = Endpoint(
            name="e", config_name="c", instance_type="t", environment={"BATCH_SIZE": "8", "HF_TOKEN": "hf_abc"}
        )
        assert endpoint.environment == {"BATCH_SIZE": "8", "HF_TOKEN": REDACTED}

    def test_a_cloud_url_loses_its_credentials(self) -> None:
        assert LocalCloud(kind="external", url="https://me:pw@cloud.test/x").url == "https://cloud.test/x"

    def test_a_huge_failure_body_is_shortened(self) -> None:
        body = Failure(reason="no", body="x" * 100_000).body
        assert len(body) == 8000
        assert body.endswith("(shortened)")

    def test_a_file_name_that_is_no_utf_8_is_shown_escaped(self) -> None:
        case = Case(name=os.fsdecode(b"caf\xe9.mp4"), kind="user_video", outcome="completed")
        assert case.name == r"caf\udce9.mp4"

    def test_a_finding_is_taken_from_any_object_of_its_shape(self) -> None:
        @dataclass(frozen=True)
        class Found:
            check: str = "lints"
            severity: str = "warning"
            message: str = "m"
            where: str | None = None
            advice: str | None = None

        assert Finding.model_validate(Found()) == Finding(check="lints", severity="warning", message="m")

    def test_records_do_not_change(self) -> None:
        with pytest.raises(ValidationError, match="frozen"):
            Verdict(outcome="failed", summary="no").outcome = "passed"


@pytest.mark.parametrize(
    ("given_", "kept"),
    [
        (["validate", "--video", "a.mp4"], ("validate", "--video", "a.mp4")),
        (["--api-key", "k1", "--video", "a.mp4"], ("--api-key", REDACTED, "--video", "a.mp4")),
        (["--token=abc"], (f"--token={REDACTED}",)),
        (["-e", "DB_PASSWORD=hunter2"], ("-e", f"DB_PASSWORD={REDACTED}")),
        (["--cloud-url", "http://u:p@host"], ("--cloud-url", "http://host")),
        (["AKIAABCDEFGHIJKLMNOP"], (REDACTED,)),
        (["--no-token", "--video", "secret.mp4"], ("--no-token", "--video", "secret.mp4")),
    ],
)
def test_a_command_line_is_written_down_without_its_secrets(given_: list[str], kept: tuple[str, ...]) -> None:
    assert safe_arguments(given_) == kept
    assert safe_arguments(kept) == kept
