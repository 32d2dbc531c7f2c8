"""A release record as in-toto statements: fields as the specification names them, facts as the record has them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from deploy.releases import EvidenceRecord, GateRecord, Release
from deploy.releases.statements import Recorded, name_of, record_sha256, statements
from deploy.signatures.statement import difference, read

BUNDLE, SETTINGS, EVIDENCE, POLICY, RECORD = ("b" * 64, "c" * 64, "e" * 64, "f" * 64, "a" * 64)
CREATED = datetime(2026, 11, 20, 12, 0, 0, 123456, tzinfo=UTC)
URL = "s3://bucket/releases/demo/000000000000-20261120T120000123456Z.json"


def release(*gates: tuple[str, str], **changes: Any) -> Release:
    facts: dict[str, Any] = {
        "release": "000000000000", "created": CREATED, "actor": "arn:me", "tool_version": "0.1.0", "project": "demo",
        "environment": None, "configuration_sha256": SETTINGS, "git": None, "bundle_sha256": BUNDLE,
        "bundle_size_bytes": 1, "bundle_url": "s3://bucket/models/x/model.tar.gz", "handler_sha256": "1" * 64,
        "weights_sha256": "2" * 64, "account": "000000000000", "region": "us-east-1", "endpoint_name": "demo",
        "model": {}, "endpoint_config": {}, "scaling": {}, "resolved_image": None, "policy_sha256": POLICY,
        "gates": tuple(GateRecord(gate=gate, outcome=outcome, reason="seen") for gate, outcome in gates),
        "evidence": (EvidenceRecord(
            sha256=EVIDENCE, run_id="run-1", created=CREATED, tool_version="0.1.0", assurance="process"
        ),),
        "price": None, "previous": None, "state": "promoted",
    }  # fmt: skip
    return Release(**(facts | changes))


def made(*gates: tuple[str, str], **changes: Any) -> list[dict[str, Any]]:
    return [json.loads(body) for body in statements(Recorded(release(*gates, **changes), URL, RECORD))]


def test_every_gate_and_the_whole_are_statements_about_the_bundle() -> None:
    found = made(("bundle", "passed"), ("runtime", "passed"))
    assert [each["_type"] for each in found] == ["https://in-toto.io/Statement/v1"] * 3
    assert [each["predicateType"] for each in found] == [
        "https://in-toto.io/attestation/test-result/v0.1",
        "https://in-toto.io/attestation/test-result/v0.1",
        "https://in-toto.io/attestation/svr/v0.2",
    ]
    assert all(each["subject"][0]["digest"] == {"sha256": BUNDLE} for each in found)
    assert all(set(each) == {"_type", "subject", "predicateType", "predicate"} for each in found)


@pytest.mark.parametrize(
    ("outcome", "result", "listed"),
    [
        ("passed", "PASSED", "passedTests"),
        ("overridden", "WARNED", "warnedTests"),
        ("failed", "FAILED", "failedTests"),
        ("inconclusive", "FAILED", "failedTests"),
    ],
)
def test_a_gate_is_a_test_result(outcome: str, result: str, listed: str) -> None:
    predicate = made(("runtime", outcome))[0]["predicate"]
    assert predicate["result"] == result
    lists = {name: predicate[name] for name in ("passedTests", "warnedTests", "failedTests")}
    assert lists == {"passedTests": [], "warnedTests": [], "failedTests": []} | {listed: ["runtime"]}
    assert (predicate["rehearsal_outcome"], predicate["rehearsal_reason"]) == (outcome, "seen")


def test_a_gate_names_settings_and_evidence_by_digest() -> None:
    settings, evidence = made(("runtime", "passed"))[0]["predicate"]["configuration"]
    assert settings["digest"] == {"sha256": SETTINGS}
    assert evidence["digest"] == {"sha256": EVIDENCE}
    assert evidence["name"] == "evidence run-1"
    assert evidence["annotations"]["runtime"] == "process"


def test_the_summary_has_what_svr_requires_and_is_about_the_record_in_its_place() -> None:
    *_, summary = made(("runtime", "passed"))
    record = summary["subject"][1]
    assert (record["digest"], record["uri"]) == ({"sha256": RECORD}, URL)
    predicate = summary["predicate"]
    assert set(predicate) == {"verifier", "timeCreated", "properties"}
    assert predicate["verifier"]["id"] == "pkg:pypi/sagemaker-rehearsal@0.1.0"
    assert [each["digest"] for each in predicate["verifier"]["policies"]] == [{"sha256": POLICY}]
    assert predicate["timeCreated"] == "2026-11-20T12:00:00Z"
    assert predicate["properties"] == [
        "REHEARSAL_GATE_RUNTIME", "REHEARSAL_EVERY_GATE", "REHEARSAL_PROMOTION_ALLOWED", "REHEARSAL_PROMOTED",
    ]  # fmt: skip


def test_policies_are_there_though_empty_when_the_record_does_not_know_them() -> None:
    assert made(("runtime", "passed"), policy_sha256=None)[-1]["predicate"]["verifier"]["policies"] == []


def properties(*gates: tuple[str, str], **changes: Any) -> set[str]:
    return set(made(*gates, **changes)[-1]["predicate"]["properties"])


def test_only_what_passed_is_a_property() -> None:
    overridden = properties(("bundle", "passed"), ("runtime", "overridden"))
    assert overridden == {"REHEARSAL_GATE_BUNDLE", "REHEARSAL_PROMOTION_ALLOWED", "REHEARSAL_PROMOTED"}
    assert properties(("runtime", "failed"), state="failed") == set()
    assert properties(state="failed") == set()
    assert "REHEARSAL_PROMOTED" not in properties(("runtime", "passed"), state="rolled_back")


def test_a_record_that_was_read_gives_the_same_statements_as_the_one_that_was_written() -> None:
    gates = (("runtime", "passed"), ("p95", "inconclusive"))
    written = release(*gates, created=datetime.fromisoformat("2026-11-20T14:00:00.5+02:00"))
    read = Release.model_validate_json(written.encoded)
    assert statements(Recorded(read, URL, RECORD)) == statements(Recorded(written, URL, RECORD))


def test_the_same_record_gives_the_same_bytes_for_ever() -> None:
    """Releases that are signed today must verify tomorrow: these bytes may not change for `rehearsal.release/1`."""
    gate, _ = statements(Recorded(release(("runtime", "passed")), URL, RECORD))
    assert gate == (
        b'{"_type":"https://in-toto.io/Statement/v1","predicate":{"configuration":['
        b'{"digest":{"sha256":"'
        + SETTINGS.encode()
        + b'"},"name":"rehearsal.toml, the settings that decide what runs"},'
        b'{"annotations":{"created":"2026-11-20T12:00:00.123456+00:00","runtime":"process","tool_version":"0.1.0"},'
        b'"digest":{"sha256":"' + EVIDENCE.encode() + b'"},"mediaType":"application/json","name":"evidence run-1"}],'
        b'"failedTests":[],"passedTests":["runtime"],"rehearsal_outcome":"passed","rehearsal_reason":"seen",'
        b'"result":"PASSED","warnedTests":[]},"predicateType":"https://in-toto.io/attestation/test-result/v0.1",'
        b'"subject":[{"digest":{"sha256":"' + BUNDLE.encode() + b'"},"name":"model.tar.gz",'
        b'"uri":"s3://bucket/models/x/model.tar.gz"}]}'
    )


def test_statements_are_told_apart() -> None:
    recorded = Recorded(release(("runtime", "passed"), ("bundle", "overridden")), URL, RECORD)
    bodies = statements(recorded)
    assert [name_of(body) for body in bodies] == ["gate runtime", "gate bundle", "summary"]
    assert record_sha256(bodies) == RECORD
    assert record_sha256(bodies[:2]) is None


@pytest.mark.parametrize(
    "body",
    [
        b"", b"5", b"[]", b"{}", b'{"predicateType":5}', b'{"predicateType":"x","predicate":{"passedTests":[]}}',
        b"\xff", b"[" * 100_000,
        b'{"predicateType":"x","predicate":{"passedTests":5,"warnedTests":[],"failedTests":[]}}',
    ],
)  # fmt: skip
def test_anything_else_is_no_statement(body: bytes) -> None:
    assert name_of(body) is None
    assert record_sha256([body]) is None


def test_a_summary_without_a_record_is_about_none() -> None:
    assert record_sha256([b'{"predicateType":"https://in-toto.io/attestation/svr/v0.2"}']) is None


def test_the_first_difference_is_named_with_both_sides() -> None:
    recorded = Recorded(release(("runtime", "passed")), URL, RECORD)
    worse = replace(recorded, release=release(("runtime", "failed")))
    said = difference(read(statements(recorded)[0]), read(statements(worse)[0]))
    assert said == "predicate.failedTests is ['runtime'], not []"
    assert difference(read(b"{}"), read(b"{ }")) == "spelled otherwise"
    assert difference(read(b"{}"), read(b"[")) == "all of it is None, not {}"
