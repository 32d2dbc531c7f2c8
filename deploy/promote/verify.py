"""Proves that what serves was rehearsed, gated and recorded (`deploy verify`). Every link is checked by digest, and by
signature where [release] public_keys names trusted keys.

`drift` compares settings with the record; this module proves the identity of what runs. May not: change anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from deploy import releases
from deploy.aws import Clients, describe
from deploy.aws.s3 import split
from deploy.core.digests import digest_of_file
from deploy.core.errors import ConfigurationError, NotProven
from deploy.promote.recording import resolved_image
from deploy.releases import Pointer, Release, ReleaseStore, Stored, provenance
from deploy.releases.provenance import Attested, Link
from deploy.resources import s3_checksum
from deploy.signatures.keys import PublicKey


def verify(
    clients: Clients, store: ReleaseStore, files: Sequence[Path] = (), trusted: Sequence[PublicKey] = ()
) -> tuple[Link, ...]:
    """`files` are bundles and evidence on this machine; each must be the one in the record. A record that was tampered
    with proves nothing, so nothing is compared with it.

    Raises ConfigurationError when nothing was promoted yet or a file does not exist.
    """
    try:
        pointer = releases.pointed(clients, store)
    except ConfigurationError as error:
        return (_unreadable("pointer", error),)
    if pointer is None:
        raise ConfigurationError("nothing was promoted here yet: there is no record to verify")
    if not store.is_record(pointer.record):
        return (Link("pointer", False, f"{store.pointer_key} names {pointer.record!r}, no record of this endpoint"),)
    try:
        stored = releases.stored(clients, store, pointer.record)
    except ConfigurationError as error:
        return (_unreadable("record", error),)
    if stored is None:
        return (Link("record", False, f"{pointer.record}, which the pointer names, is missing"),)
    return tuple(_links(clients, store, pointer, stored, files, trusted))


def require_proven(clients: Clients, store: ReleaseStore, stored: Stored, trusted: Sequence[PublicKey]) -> None:
    """Raises NotProven when the record of a release does not allow it to come into service again."""
    found = provenance.attested(clients, store, stored.key, trusted)
    links = [_record(stored, found.record_sha256), *provenance.whole(found)]
    if _all_hold(links):
        release = stored.release
        links += [provenance.follows(found, store, stored), *_model(clients, release), _stored(clients, release)]
    broken = [link for link in links if not link.holds]
    if broken:
        reasons = "\n".join(f"  {link.what}: {link.detail}" for link in broken)
        raise NotProven(
            f"release {stored.release.release} ({stored.key}) cannot be proven:\n{reasons}\n"
            "Nothing was changed. `deploy releases` lists what else there is to go back to; promoting its bundle anew "
            "makes a release that can be proven"
        )


def _links(
    clients: Clients,
    store: ReleaseStore,
    pointer: Pointer,
    stored: Stored,
    files: Sequence[Path],
    trusted: Sequence[PublicKey],
) -> Iterator[Link]:
    found = provenance.attested(clients, store, stored.key, trusted)
    links = [*_pointed(pointer, stored, found), *provenance.whole(found)]
    if _all_hold(links):
        links.append(provenance.follows(found, store, stored))
    yield from links
    if _all_hold(links):
        yield from _deployed(clients, stored.release)
        yield _stored(clients, stored.release)
        yield _gates(stored.release)
        yield from (_file(stored.release, path) for path in files)


def _all_hold(links: Sequence[Link]) -> bool:
    return all(link.holds for link in links)


def _pointed(pointer: Pointer, stored: Stored, found: Attested) -> tuple[Link, Link]:
    """Compare pointer and record; when they differ, the statements tell which was changed."""
    digest = found.record_sha256 or stored.sha256
    if found.record_sha256 is None and pointer.record_sha256 != digest:
        said = f"{stored.key} has the digest {stored.sha256[:12]}, the pointer says {pointer.record_sha256[:12]}"
        return Link("pointer", False, f"{said}: one of the two was changed"), Link("record", False, said)
    record = _record(stored, digest)
    same = pointer.record_sha256 == digest and (not record.holds or pointer.release == stored.release.release)
    said = f"names release {pointer.release}, record {pointer.record_sha256[:12]}"
    return Link("pointer", same, said if same else f"{said}; the record is {digest[:12]}"), record


def _record(stored: Stored, digest: str | None) -> Link:
    name = stored.key.rpartition("/")[2]
    if digest in (None, stored.sha256):
        return Link("record", True, f"{name} has the digest {stored.sha256[:12]}")
    return Link("record", False, f"{name} has the digest {stored.sha256[:12]}, its statements are about {digest[:12]}")


def _unreadable(what: str, error: ConfigurationError) -> Link:
    return Link(what, False, str(error).splitlines()[0])


def _deployed(clients: Clients, release: Release) -> Iterator[Link]:
    endpoint = describe.endpoint(clients, release.endpoint_name)
    serving = None if endpoint is None else endpoint["EndpointConfigName"]
    yield Link("endpoint", serving == release.config_name, f"serves {serving}, recorded is {release.config_name}")
    yield from _model(clients, release)
    image = resolved_image(endpoint or {})
    yield Link("image", image == release.resolved_image, f"runs {image}, recorded is {release.resolved_image}")


def _model(clients: Clients, release: Release) -> Iterator[Link]:
    model = describe.model(clients, str(release.model["ModelName"])) or {}
    url = model.get("PrimaryContainer", {}).get("ModelDataUrl")
    yield Link("model data", url == release.bundle_url, f"the model loads {url}, recorded is {release.bundle_url}")


def _stored(clients: Clients, release: Release) -> Link:
    found = describe.stored_object(clients, *split(release.bundle_url)) or {}
    checksum = found.get("ChecksumSHA256")
    holds = checksum == s3_checksum(release.bundle_sha256) and found.get("ContentLength") == release.bundle_size_bytes
    said = f"S3 has {found.get('ContentLength')} bytes with checksum {checksum}" if found else "S3 has no such object"
    return Link("bundle", holds, f"{said}, recorded are {release.bundle_size_bytes} of {release.bundle_sha256[:12]}")


def _gates(release: Release) -> Link:
    """Check the gates; an override was somebody's decision, so it passes and is shown."""
    overridden = [gate for gate in release.gates if gate.outcome == "overridden"]
    shut = [gate.gate for gate in release.gates if gate.outcome not in ("passed", "overridden")]
    pieces = "piece" if len(release.evidence) == 1 else "pieces"
    said = f"{len(release.gates)} gates, {len(release.evidence)} {pieces} of evidence"
    reasons = "".join(f"; {gate.gate}: {gate.reason}" for gate in overridden)
    return Link("gates", bool(release.gates) and not shut, f"{said}{reasons}")


def _file(release: Release, path: Path) -> Link:
    if not path.is_file():
        raise ConfigurationError(f"{path} does not exist")
    digest = digest_of_file(path)
    known = {release.bundle_sha256: "the bundle", **{each.sha256: "evidence" for each in release.evidence}}
    what = known.get(digest)
    return Link(str(path), what is not None, f"is {what or 'nothing that the record names'} ({digest[:12]})")
