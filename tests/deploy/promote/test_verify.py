"""`deploy verify` and `deploy rollback` on a bucket that somebody changed: it is named, and it does not serve."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from deploy.apply.ledger import Ledger
from deploy.core.digests import canonical_json
from deploy.core.errors import ConfigurationError, EndpointFailed, NotProven
from deploy.gates.gate import GateVerdict
from deploy.promote.promote import PromotionRequest, destination, promote
from deploy.promote.recording import store_of
from deploy.promote.rollback import RollbackRequest, rollback
from deploy.promote.verify import verify
from deploy.releases import ReleaseStore
from deploy.releases.provenance import Link
from deploy.signatures.dsse import Envelope, opened, seal
from deploy.signatures.keys import PublicKey, Signer
from tests.deploy.keyrings import Ring
from tests.deploy.promotion_requests import promotion_request
from tests.deploy.watched_cloud import WatchedCloud

RING = Ring.shared()
SIGNER, TRUSTED = RING.pair("ed25519")
STRANGER, STRANGERS_KEY = RING.pair("p256")


@dataclass
class Bucket:
    """What was promoted, as it lies in a bucket that others can write to."""

    cloud: WatchedCloud
    what: PromotionRequest
    ledger: Ledger

    @property
    def store(self) -> ReleaseStore:
        return store_of(self.what.desired)

    def promote(self, what: PromotionRequest, signer: Signer | None = SIGNER) -> None:
        signed = replace(what, signer=signer)
        promote(signed, self.cloud.clients(), ledger=self.ledger, clock=self.cloud.clock())
        self.what = what
        self.cloud.slept_seconds.append(60)

    def verify(self, *trusted: PublicKey, files: Sequence[Path] = ()) -> tuple[Link, ...]:
        return verify(self.cloud.clients(), self.store, files, trusted)

    def broken(self, *trusted: PublicKey) -> list[str]:
        return [link.what for link in self.verify(*trusted) if not link.holds]

    def said(self, what: str, *trusted: PublicKey) -> str:
        return next(link.detail for link in self.verify(*trusted) if link.what == what)

    def rollback(self, *trusted: PublicKey, wanted: str | None = None) -> str:
        where, what = destination(self.what.desired), self.what
        rollback_request = RollbackRequest(
            wanted, self.store, what.monitoring, where, lambda _: what.probe, what.owner, what.actor, trusted
        )
        return rollback(
            rollback_request, self.cloud.clients(), ledger=self.ledger, clock=self.cloud.clock()
        ).release.release

    def key(self, kind: str, release: str | None = None) -> str:
        """Of the record, its envelopes or the pointer; of the newest release unless another is named."""
        if kind == "pointer":
            return self.store.pointer_key
        wanted = release or self.what.desired.release
        keys = [key for _, key in self.cloud.objects if self.store.is_record(key) and f"/{wanted}-" in key]
        return max(keys) + (".intoto.jsonl" if kind == "envelopes" else "")

    def read(self, key: str) -> bytes:
        data: bytes = self.cloud.objects[self.store.bucket, key]["Data"]
        return data

    def write(self, key: str, data: bytes) -> None:
        """As S3 takes it, with the checksum that it makes itself."""
        checksum = base64.b64encode(hashlib.sha256(data).digest()).decode()
        like = key if (self.store.bucket, key) in self.cloud.objects else self.store.pointer_key
        held = self.cloud.objects[self.store.bucket, like]
        changed = {**held, "Data": data, "ContentLength": len(data), "ChecksumSHA256": checksum}
        self.cloud.objects[self.store.bucket, key] = changed

    def envelopes(self) -> list[Envelope]:
        found = [opened(line) for line in self.read(self.key("envelopes")).splitlines()]
        return [envelope for envelope in found if envelope is not None]

    def put_envelopes(self, envelopes: Sequence[Envelope]) -> None:
        self.write(self.key("envelopes"), b"".join(each.line + b"\n" for each in envelopes))

    def put_record(self, changes: Mapping[str, object]) -> None:
        """The record with other facts, and the pointer set to it: what a person with the bucket alone can do."""
        document = json.loads(self.read(self.key("record"))) | dict(changes)
        self.write(self.key("record"), json.dumps(document, indent=2).encode())
        digest = hashlib.sha256(self.read(self.key("record"))).hexdigest()
        self.put_pointer({"record_sha256": digest})

    def put_pointer(self, changes: Mapping[str, object]) -> None:
        document = json.loads(self.read(self.store.pointer_key)) | dict(changes)
        self.write(self.store.pointer_key, json.dumps(document).encode())


@pytest.fixture
def bucket(tmp_path: Path) -> Bucket:
    made = Bucket(WatchedCloud(), promotion_request(tmp_path / "first"), Ledger(tmp_path / "ledger.jsonl"))
    made.promote(made.what)
    return made


@pytest.fixture
def unsigned(tmp_path: Path) -> Bucket:
    made = Bucket(WatchedCloud(), promotion_request(tmp_path / "first"), Ledger(tmp_path / "ledger.jsonl"))
    made.promote(made.what, signer=None)
    return made


def test_a_signed_release_is_proven(bucket: Bucket) -> None:
    links = bucket.verify(TRUSTED, files=[bucket.what.gate_input.bundle.path])
    assert [link.what for link in links if not link.holds] == []
    assert f"signed with {SIGNER.keyid[:12]}" in bucket.said("signatures", TRUSTED)
    assert bucket.said("statements", TRUSTED).startswith(f"{len(bucket.what.verdicts)} gates and a summary")


def test_one_of_several_trusted_keys_is_enough(bucket: Bucket) -> None:
    assert bucket.broken(STRANGERS_KEY, TRUSTED) == []


def test_a_signature_that_nobody_checks_is_called_so(bucket: Bucket) -> None:
    assert bucket.broken() == []
    assert "there is no release.public_keys, so nobody checks it" in bucket.said("signatures")


def test_an_unsigned_release_is_called_so_and_is_refused_where_keys_are_trusted(unsigned: Bucket) -> None:
    assert unsigned.broken() == []
    assert unsigned.said("signatures").startswith("unsigned")
    assert unsigned.broken(TRUSTED) == ["signatures"]
    count = len(unsigned.what.verdicts) + 1
    assert unsigned.said("signatures", TRUSTED) == f"all {count} statements are not signed"


def test_the_statement_whose_signature_is_bad_is_named(bucket: Bucket) -> None:
    first, second, *rest = bucket.envelopes()
    swapped = Envelope(payload=first.payload, signatures=second.signatures)
    bucket.put_envelopes([swapped, second, *rest])
    assert bucket.said("signatures", TRUSTED) == f"gate bundle: not what key {SIGNER.keyid[:12]} signed"


def test_a_stranger_who_signs_everything_anew_is_not_believed(bucket: Bucket) -> None:
    bucket.put_envelopes([seal(each.body, STRANGER) for each in bucket.envelopes()])
    assert bucket.broken(TRUSTED) == ["signatures"]


def test_an_override_is_a_warning_in_a_proven_release(tmp_path: Path, bucket: Bucket) -> None:
    verdict = GateVerdict("runtime", "overridden", "process; overridden because: no Docker")
    bucket.promote(replace(promotion_request(tmp_path / "second", seed=1), verdicts=(verdict,)))
    assert bucket.broken(TRUSTED) == []
    statement = json.loads(bucket.envelopes()[0].body)
    assert statement["predicate"]["result"] == "WARNED"
    assert statement["predicate"]["rehearsal_reason"].endswith("because: no Docker")


def test_a_changed_record_is_told_from_a_changed_pointer(bucket: Bucket) -> None:
    record = bucket.read(bucket.key("record"))
    bucket.write(bucket.key("record"), record.replace(b'"state": "promoted"', b'"state": "failed"'))
    assert bucket.broken(TRUSTED) == bucket.broken() == ["record"]
    bucket.write(bucket.key("record"), record)
    bucket.put_pointer({"record_sha256": "0" * 64})
    assert bucket.broken(TRUSTED) == bucket.broken() == ["pointer"]


def test_record_and_pointer_changed_together_are_both_named(bucket: Bucket) -> None:
    bucket.put_record({"actor": "somebody else"})
    assert bucket.broken(TRUSTED) == bucket.broken() == ["pointer", "record"]


def test_of_an_unsigned_release_a_consistent_forgery_is_proven_and_a_signature_prevents_that(
    bucket: Bucket, unsigned: Bucket
) -> None:
    """Why keys are worth their trouble."""
    for each in (unsigned, bucket):
        each.put_record({"actor": "somebody else"})
        digest = hashlib.sha256(each.read(each.key("record"))).hexdigest()
        *gates, summary = (json.loads(envelope.body) for envelope in each.envelopes())
        summary["subject"][1]["digest"]["sha256"] = digest
        each.put_envelopes([seal(canonical_json(said).encode(), None) for said in (*gates, summary)])
    assert unsigned.broken() == []
    assert bucket.broken(TRUSTED) == ["signatures"]


@pytest.mark.parametrize("unreadable", [b"", b"{}", b"\xff", b"[" * 100_000])
def test_what_cannot_be_read_is_named(bucket: Bucket, unreadable: bytes) -> None:
    for kind in ("pointer", "record", "envelopes"):
        before = bucket.read(bucket.key(kind))
        bucket.write(bucket.key(kind), unreadable)
        assert bucket.broken(TRUSTED) == [kind]
        bucket.write(bucket.key(kind), before)


def test_what_is_missing_is_named(bucket: Bucket) -> None:
    objects = bucket.cloud.objects
    envelopes = objects.pop((bucket.store.bucket, bucket.key("envelopes")))
    assert envelopes
    assert bucket.broken() == bucket.broken(TRUSTED) == ["statements"]
    del objects[bucket.store.bucket, bucket.key("record")]
    assert bucket.broken() == ["record"]
    del objects[bucket.store.bucket, bucket.store.pointer_key]
    with pytest.raises(ConfigurationError, match="no record to verify"):
        bucket.verify()


def test_a_pointer_to_something_else_is_named(bucket: Bucket) -> None:
    bucket.put_pointer({"record": "releases/other/000000000000-20261120T120000000000Z.json"})
    assert bucket.broken(TRUSTED) == ["pointer"]
    bucket.put_pointer({"record": bucket.key("envelopes")})
    assert bucket.broken(TRUSTED) == ["pointer"]


def test_a_pointer_that_calls_the_record_otherwise_is_named(bucket: Bucket) -> None:
    bucket.put_pointer({"release": "ffffffffffff"})
    assert bucket.broken(TRUSTED) == ["pointer"]


def test_a_statement_that_was_left_out_added_or_repeated_is_named(bucket: Bucket) -> None:
    whole = bucket.envelopes()
    bucket.put_envelopes(whole[1:])
    assert bucket.said("statements", TRUSTED) == "gate bundle is missing"
    bucket.put_envelopes([*whole, whole[0]])
    assert bucket.broken(TRUSTED) == ["statements"]
    bucket.put_envelopes([*whole, seal(b'{"anything": "else"}', SIGNER)])
    assert bucket.said("statements", TRUSTED) == "something else is not of this record"
    bucket.put_envelopes(whole[:-1])
    assert bucket.said("statements", TRUSTED) == "summary is missing"


def test_the_order_of_the_statements_means_nothing(bucket: Bucket) -> None:
    bucket.put_envelopes(bucket.envelopes()[::-1])
    assert bucket.broken(TRUSTED) == []


def resealed(bucket: Bucket, signer: Signer | None, written: str, changed: str) -> None:
    bodies = [each.body for each in bucket.envelopes()]
    assert any(written.encode() in body for body in bodies)
    bucket.put_envelopes([seal(body.replace(written.encode(), changed.encode()), signer) for body in bodies])


@pytest.mark.parametrize(
    ("written", "changed", "where"),
    [
        ('"result":"PASSED"', '"result":"WARNED"', "predicate.result is 'WARNED', not 'PASSED'"),
        ('"sha256":"' + "0" * 64, '"sha256":"' + "1" * 64, "predicate.configuration[1].digest.sha256 is '1111"),
        ('"rehearsal_reason":"official', '"rehearsal_reason":"process', "gate runtime: predicate.rehearsal_reason"),
        ('"REHEARSAL_EVERY_GATE",', "", "summary: predicate.properties"),
    ],
)
def test_a_statement_that_contradicts_the_record_is_named_with_the_place_although_it_is_signed(
    bucket: Bucket, written: str, changed: str, where: str
) -> None:
    resealed(bucket, SIGNER, written, changed)
    assert bucket.broken(TRUSTED) == ["statements"]
    assert where in bucket.said("statements", TRUSTED)


def test_a_statement_about_another_bundle_is_named(bucket: Bucket) -> None:
    digest = bucket.what.desired.bundle.sha256
    resealed(bucket, SIGNER, digest, "9" * 64)
    assert "subject[0].digest.sha256 is '9999" in bucket.said("statements", TRUSTED)


def test_a_signed_release_of_another_place_does_not_count_here(bucket: Bucket) -> None:
    """Signed for staging, copied by hand to where production looks."""
    elsewhere = ReleaseStore(bucket.store.bucket, "releases/production")
    for kind in ("record", "envelopes"):
        bucket.write(bucket.key(kind).replace("releases/demo", elsewhere.prefix), bucket.read(bucket.key(kind)))
    pointer = bucket.read(bucket.store.pointer_key).replace(b"releases/demo", elsewhere.prefix.encode())
    bucket.write(elsewhere.pointer_key, pointer)
    links = verify(bucket.cloud.clients(), elsewhere, trusted=(TRUSTED,))
    (broken,) = [link for link in links if not link.holds]
    assert broken.what == "statements"
    assert "subject[1].uri" in broken.detail


def test_a_signed_release_of_before_is_not_what_serves(tmp_path: Path, bucket: Bucket) -> None:
    first = bucket.what.desired.release
    pointer = bucket.read(bucket.store.pointer_key)
    bucket.promote(promotion_request(tmp_path / "second", seed=1))
    bucket.write(bucket.store.pointer_key, pointer)
    assert json.loads(pointer)["release"] == first
    assert bucket.broken(TRUSTED) == ["endpoint"]


def test_another_bundle_in_the_place_of_the_one_that_was_signed_is_named(bucket: Bucket) -> None:
    bucket.write(bucket.what.desired.bundle.key, b"something else")
    assert bucket.broken(TRUSTED) == ["bundle"]


@cache
def promoted(signed: bool) -> Bucket:
    """One for all examples: they change it and set it right again."""
    with TemporaryDirectory() as folder:
        made = Bucket(WatchedCloud(), promotion_request(Path(folder)), Ledger(Path(folder) / "ledger.jsonl"))
        made.promote(made.what, signer=SIGNER if signed else None)
    return made


@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("kind", ["record", "envelopes", "bundle"])
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(at=st.floats(0, 1, exclude_max=True), by=st.integers(1, 255))
@example(at=0.0, by=1)
def test_no_byte_can_change_unseen(signed: bool, kind: str, at: float, by: int) -> None:
    bucket = promoted(signed)
    key = bucket.what.desired.bundle.key if kind == "bundle" else bucket.key(kind)
    before = bucket.read(key)
    changed = bytearray(before)
    changed[int(at * len(changed))] ^= by
    bucket.write(key, bytes(changed))
    broken = bucket.broken(*([TRUSTED] if signed else []))
    bucket.write(key, before)
    # An unsigned summary is taken at its word, whichever of the three digests was changed.
    of_envelopes = {"envelopes", "signatures", "statements", "record", *([] if signed else ["pointer"])}
    accused = {"envelopes": of_envelopes}.get(kind, {kind})
    assert broken
    assert set(broken) <= accused


def test_rollback_goes_to_a_release_that_is_proven(tmp_path: Path, bucket: Bucket) -> None:
    first = bucket.what.desired.release
    bucket.promote(promotion_request(tmp_path / "second", seed=1))
    assert bucket.rollback(TRUSTED) == first
    assert bucket.broken(TRUSTED) == []


@pytest.mark.parametrize("kind", ["record", "envelopes", "bundle", "signature"])
def test_rollback_to_a_release_that_somebody_changed_is_refused_and_touches_nothing(
    tmp_path: Path, bucket: Bucket, kind: str
) -> None:
    first, key = bucket.what.desired, bucket.key("envelopes" if kind == "signature" else "record")
    unsigned = [seal(each.body, None) for each in bucket.envelopes()]
    bucket.promote(promotion_request(tmp_path / "second", seed=1))
    second, pointer = bucket.what.desired.endpoint_config.name, bucket.read(bucket.store.pointer_key)
    if kind == "signature":
        bucket.write(key, b"".join(each.line + b"\n" for each in unsigned))
    elif kind == "bundle":
        bucket.write(first.bundle.key, b"something else")
    else:
        key = bucket.key(kind, first.release)
        changed = bucket.read(key).replace(b'"reason": "', b'"reason": "not ', 1).replace(b'"sig":"', b'"sig":"A', 1)
        assert changed != bucket.read(key)
        bucket.write(key, changed)
    bucket.cloud.calls.clear()
    with pytest.raises(NotProven, match=rf"release {first.release} .*cannot be proven:\n  (?s:.*)Nothing was changed"):
        bucket.rollback(TRUSTED)
    assert bucket.cloud.changes() == []
    assert bucket.cloud.endpoints["demo"]["EndpointConfigName"] == second
    assert bucket.read(bucket.store.pointer_key) == pointer


def test_rollback_to_a_release_of_before_there_were_keys_is_refused_only_where_keys_are_trusted(
    tmp_path: Path, unsigned: Bucket
) -> None:
    first = unsigned.what.desired.release
    unsigned.promote(promotion_request(tmp_path / "second", seed=1))
    with pytest.raises(NotProven, match=r"signatures: all \d statements are not signed"):
        unsigned.rollback(TRUSTED)
    assert unsigned.rollback() == first


def test_every_attempt_is_attested_also_one_that_failed(tmp_path: Path, bucket: Bucket) -> None:
    second = promotion_request(tmp_path / "second", seed=1)
    bucket.cloud.answer = lambda config: None if config == second.desired.endpoint_config.name else b"{}"
    with pytest.raises(EndpointFailed):
        bucket.promote(second)
    bucket.what = second
    summary = json.loads(bucket.envelopes()[-1].body)
    assert "REHEARSAL_PROMOTED" not in summary["predicate"]["properties"]
    assert "REHEARSAL_EVERY_GATE" in summary["predicate"]["properties"]
