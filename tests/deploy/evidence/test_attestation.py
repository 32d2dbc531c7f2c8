"""Evidence that was signed where it was made, and then edited, forged or signed by a stranger."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.bundle import Bundle
from deploy.config import Project
from deploy.core import settings
from deploy.evidence.attestation import Attestation, attest, attestation, copy
from deploy.gates.gate import GateInput, GateVerdict, gate, read_evidence
from deploy.signatures.dsse import seal
from deploy.signatures.machine_key import machine_signer
from tests.deploy.keyrings import Ring
from tests.deploy.projects import write_bundle
from tests.deploy.reports import NOW, PROCESS, machine_keys, report, write_report

EDITS = {
    "runtime.assurance": ("runtime", {"assurance": "official", "kind": "docker", "image_digest": "sha256:" + "b" * 64}),
    "runtime.image_digest": ("runtime", {"image_digest": "sha256:" + "b" * 64}),
    "created": ("created", "2026-11-20T12:34:56Z"),
    "bundle.sha256": ("bundle", {"sha256": "c" * 64}),
    "verdict.summary": ("verdict", {"summary": "all is well"}),
}


@pytest.fixture
def made(tmp_path: Path) -> tuple[Project, Bundle]:
    return write_bundle(tmp_path)


@pytest.fixture
def written(made: tuple[Project, Bundle], tmp_path: Path) -> Path:
    return write_report(tmp_path / "report.json", report(*made, runtime=PROCESS))


def judged(made: tuple[Project, Bundle], path: Path, *, local: bool = False) -> GateVerdict:
    given = GateInput(*made, read_evidence([path]), NOW, target_is_local=local, trusted=machine_keys())
    return next(each for each in gate(given) if each.gate == "signature")


def edit(path: Path, key: str, value: Any) -> None:
    document = json.loads(path.read_text())
    document[key] = document[key] | value if isinstance(value, dict) else value
    path.write_text(json.dumps(document))


def found_at(path: Path) -> Attestation:
    return attestation(path, path.read_bytes())


def test_what_a_rehearsal_wrote_is_promoted(made: tuple[Project, Bundle], written: Path) -> None:
    assert judged(made, written).allows


@pytest.mark.parametrize("field", EDITS)
@pytest.mark.parametrize("local", [False, True])
def test_an_edited_field_is_named(made: tuple[Project, Bundle], written: Path, field: str, *, local: bool) -> None:
    key, value = EDITS[field]
    edit(written, key, value)
    verdict = judged(made, written, local=local)
    assert not verdict.allows
    assert f"edited since it was signed: {field}" in verdict.reason


def test_every_value_of_a_report_is_covered(written: Path) -> None:
    original = json.loads(written.read_text())
    for path in _leaves(original):
        changed = json.loads(written.read_text())
        at: Any = changed
        for step in path[:-1]:
            at = at[step]
        at[path[-1]] = "changed"
        data = json.dumps(changed).encode()
        assert "edited" in attestation(written, data).complaint(machine_keys()), path


def test_a_change_of_spelling_alone_is_a_change(written: Path) -> None:
    written.write_text(written.read_text() + "\n")
    assert found_at(written).complaint(machine_keys()) == "edited since it was signed: spelled otherwise"


def test_unsigned_evidence_is_for_local_targets_alone(made: tuple[Project, Bundle], written: Path) -> None:
    written.with_suffix(".intoto.jsonl").unlink()
    assert "not signed: run `harness validate`" in judged(made, written).reason
    assert judged(made, written, local=True).allows


def test_a_strangers_signature_proves_nothing(made: tuple[Project, Bundle], written: Path) -> None:
    attest(written, Ring.shared().pair("p256")[0])
    assert "none of release.public_keys" in judged(made, written).reason


def test_another_reports_signature_does_not_fit(made: tuple[Project, Bundle], written: Path, tmp_path: Path) -> None:
    other = write_report(tmp_path / "other" / "report.json", report(*made, run_id="another"))
    copied = found_at(other)
    copy(Attestation(written.read_bytes(), copied.line), written)
    assert "edited since it was signed: run_id is 'run', not 'another'" in judged(made, written).reason


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'{"subject": []}', b"not JSON", b'{"predicate": 1}'])
def test_a_signed_statement_about_nothing_proves_nothing(written: Path, body: bytes) -> None:
    line = seal(body, machine_signer(settings.read().machine_key)).line
    assert Attestation(written.read_bytes(), line).complaint(machine_keys()).startswith("edited since it was signed")


@pytest.mark.parametrize("line", [b"", b"{}", b"not JSON"])
def test_a_damaged_signature_is_told(made: tuple[Project, Bundle], written: Path, line: bytes) -> None:
    written.with_suffix(".intoto.jsonl").write_bytes(line)
    assert "damaged" in judged(made, written).reason


def test_one_changed_byte_of_the_envelope_is_noticed(written: Path) -> None:
    line = found_at(written).line or b""
    for place in range(0, len(line), max(1, len(line) // 200)):
        changed = bytes((*line[:place], line[place] ^ 1, *line[place + 1 :]))
        assert Attestation(written.read_bytes(), changed).complaint(machine_keys()), place


def _leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict):
        for key in value:
            yield from _leaves(value[key], (*path, key))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _leaves(each, (*path, index))
    else:
        yield path
