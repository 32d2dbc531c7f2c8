"""Stores the statements of a release beside its record, and checks them against it.

`<record>.intoto.jsonl` holds one DSSE envelope a line. It is written once, and before the record, so that there is no
record without it. Without a key the envelopes have no signatures: they then reveal accidental changes, and no attack.
May not: decide what follows from a broken link.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from deploy.aws import Clients, aws_errors
from deploy.aws.s3 import fetch
from deploy.releases import Release, ReleaseStore, Stored
from deploy.releases.statements import Recorded, difference, name_of, record_sha256, statements
from deploy.signatures import dsse
from deploy.signatures.dsse import Envelope
from deploy.signatures.keys import PublicKey, Signer, shown

_SUFFIX = ".intoto.jsonl"
_MEDIA_TYPE = "application/vnd.in-toto.bundle"


@dataclass(frozen=True)
class Link:
    """One step of a proof."""

    what: str
    holds: bool
    detail: str


@dataclass(frozen=True)
class Attested:
    """The statements file beside a record: its bytes, the envelopes in them, and the trusted keys."""

    url: str
    data: bytes | None
    """None when there is no such file."""
    trusted: tuple[PublicKey, ...]

    @cached_property
    def envelopes(self) -> tuple[Envelope | None, ...]:
        """One for each line; None for a damaged one."""
        *lines, rest = (self.data or b"").split(b"\n")
        return tuple(dsse.opened(line) for line in (*lines, *([rest] if rest else ())))

    @property
    def bodies(self) -> tuple[bytes, ...]:
        return tuple(envelope.body for envelope in self.envelopes if envelope is not None)

    @property
    def record_sha256(self) -> str | None:
        """The digest of the record that the summary is about; with trusted keys, only if one of them signed it."""
        believed = [
            each for each in self.envelopes if each and not (self.trusted and dsse.complaint(each, self.trusted))
        ]
        return record_sha256([each.body for each in believed])


def attest(clients: Clients, store: ReleaseStore, release: Release, signer: Signer | None) -> None:
    """Write the statements of a record that is written after them."""
    key, data = store.record_key(release), release.encoded
    recorded = Recorded(release, _url(store, key), hashlib.sha256(data).hexdigest())
    envelopes = b"".join(dsse.seal(body, signer).line + b"\n" for body in statements(recorded))
    with aws_errors(f"writing the statements of release {release.release}"):
        clients.s3.put_object(
            Bucket=store.bucket, Key=key + _SUFFIX, Body=envelopes, ContentType=_MEDIA_TYPE, IfNoneMatch="*"
        )


def attested(clients: Clients, store: ReleaseStore, record_key: str, trusted: Sequence[PublicKey]) -> Attested:
    url = _url(store, record_key) + _SUFFIX
    found = fetch(clients, url)
    return Attested(url, None if found is None else found[0], tuple(trusted))


def whole(found: Attested) -> Iterator[Link]:
    """Check that the envelopes are unchanged and signed by trusted keys. Ends after the first broken link."""
    name = found.url.rpartition("/")[2]
    if found.data is None:
        yield Link("statements", False, f"{name} is missing: it was deleted, or never written")
        return
    damaged = [number for number, each in enumerate(found.envelopes, 1) if each is None]
    if damaged or not found.data.endswith(b"\n"):
        where = f"line {damaged[0]}" if damaged else "the end"
        yield Link("envelopes", False, f"{where} of {name} is not as it was written")
        return
    yield _signatures(found)


def follows(found: Attested, store: ReleaseStore, stored: Stored) -> Link:
    """Check that the statements are exactly those of the record."""
    recorded = Recorded(stored.release, _url(store, stored.key), stored.sha256)
    wanted = statements(recorded)
    lacking, beyond = Counter(wanted) - Counter(found.bodies), Counter(found.bodies) - Counter(wanted)
    complaints = [
        *(_lacking(body, list(beyond)) for body in lacking),
        *(f"{_title(body)} is not of this record" for body in beyond if _namesake(body, list(lacking)) is None),
    ]
    gates = len(stored.release.gates)
    fine = f"{gates} gates and a summary, as recorded, about bundle {stored.release.bundle_sha256[:12]}"
    return Link("statements", not complaints, "; ".join(complaints) or fine)


def _signatures(found: Attested) -> Link:
    envelopes = [each for each in found.envelopes if each is not None]
    keyids = sorted({each.keyid for envelope in envelopes for each in envelope.signatures})
    by = f"signed with {', '.join(ascii(shown(keyid))[1:-1] for keyid in keyids)}" if keyids else "unsigned"
    if not found.trusted:
        missing = "release.public_keys, so nobody checks it" if keyids else "release.signing_key, so it proves little"
        return Link("signatures", True, f"{by}: there is no {missing}")
    complaints: dict[str, list[str]] = {}
    for each in envelopes:
        if complaint := dsse.complaint(each, found.trusted):
            complaints.setdefault(complaint, []).append(_title(each.body))
    said = [f"{_listed(titles, len(envelopes))} {complaint}" for complaint, titles in complaints.items()]
    return Link("signatures", not complaints, "; ".join(said) or f"{len(envelopes)} statements {by}")


def _listed(titles: Sequence[str], of: int) -> str:
    return f"all {of} statements are" if len(titles) == of else f"{', '.join(titles)}:"


def _lacking(body: bytes, beyond: Sequence[bytes]) -> str:
    other = _namesake(body, beyond)
    return f"{_title(body)} is missing" if other is None else f"{_title(body)}: {difference(body, other)}"


def _title(body: bytes) -> str:
    return name_of(body) or "something else"


def _namesake(body: bytes, among: Sequence[bytes]) -> bytes | None:
    return next((other for other in among if name_of(other) == name_of(body)), None)


def _url(store: ReleaseStore, key: str) -> str:
    return f"s3://{store.bucket}/{key}"
