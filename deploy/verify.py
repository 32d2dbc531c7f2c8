"""`deploy verify`: is what serves the thing that was rehearsed, gated and recorded? Every link of the chain, by digest.

drift.py asks whether settings still are what they were; this asks whether the identity of what runs can be proven.
Changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy import existing, releases
from deploy.aws import Clients
from deploy.canonical import digest_of_file
from deploy.errors import ConfigurationError
from deploy.recording import resolved_image
from deploy.releases import Release, Shelf
from deploy.requests import split
from deploy.resources import s3_checksum


@dataclass(frozen=True)
class Link:
    """One step of the proof."""

    what: str
    holds: bool
    detail: str


def verify(clients: Clients, shelf: Shelf, files: Sequence[Path] = ()) -> tuple[Link, ...]:
    """`files` are bundles and evidence at hand; each must be the one in the record.

    Raises ConfigurationError when nothing was promoted yet or the record is not the one that was written.
    """
    pointed = releases.current(clients, shelf)
    if pointed is None:
        raise ConfigurationError("nothing was promoted here yet: there is no record to verify")
    pointer, release = pointed
    return (
        Link(
            "record", True, f"{pointer.record} has the digest {pointer.record_sha256[:12]} that the pointer was set to"
        ),
        *_deployed(clients, release),
        _stored(clients, release),
        _gates(release),
        *(_file(release, path) for path in files),
    )


def _deployed(clients: Clients, release: Release) -> Iterator[Link]:
    endpoint = existing.endpoint(clients, release.endpoint_name)
    serving = None if endpoint is None else endpoint["EndpointConfigName"]
    yield Link("endpoint", serving == release.config_name, f"serves {serving}, recorded is {release.config_name}")
    model = existing.model(clients, str(release.model["ModelName"])) or {}
    url = model.get("PrimaryContainer", {}).get("ModelDataUrl")
    yield Link("model data", url == release.bundle_url, f"the model loads {url}, recorded is {release.bundle_url}")
    image = resolved_image(endpoint or {})
    yield Link("image", image == release.resolved_image, f"runs {image}, recorded is {release.resolved_image}")


def _stored(clients: Clients, release: Release) -> Link:
    found = existing.stored_object(clients, *split(release.bundle_url)) or {}
    checksum = found.get("ChecksumSHA256")
    holds = checksum == s3_checksum(release.bundle_sha256) and found.get("ContentLength") == release.bundle_size_bytes
    said = f"S3 has {found.get('ContentLength')} bytes with checksum {checksum}" if found else "S3 has no such object"
    return Link("bundle", holds, f"{said}, recorded are {release.bundle_size_bytes} of {release.bundle_sha256[:12]}")


def _gates(release: Release) -> Link:
    """An override was somebody's decision: it holds, and is shown."""
    overridden = [gate for gate in release.gates if gate.outcome == "overridden"]
    shut = [gate.gate for gate in release.gates if gate.outcome not in ("passed", "overridden")]
    said = f"{len(release.gates)} gates, {len(release.evidence)} pieces of evidence"
    reasons = "".join(f"; {gate.gate}: {gate.reason}" for gate in overridden)
    return Link("gates", bool(release.gates) and not shut, f"{said}{reasons}")


def _file(release: Release, path: Path) -> Link:
    if not path.is_file():
        raise ConfigurationError(f"{path} does not exist")
    digest = digest_of_file(path)
    known = {release.bundle_sha256: "the bundle", **{each.sha256: "evidence" for each in release.evidence}}
    what = known.get(digest)
    return Link(str(path), what is not None, f"is {what or 'nothing that the record names'} ({digest[:12]})")
