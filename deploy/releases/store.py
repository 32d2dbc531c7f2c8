"""Stores release records and the pointer to the one in service, in S3. Records never change; the pointer moves.

`<releases>/<endpoint>/<release>-<time>.json` is one attempt, written once, schema `rehearsal.release/1`. Statements of
its contents, which may be signed, are stored beside it (`provenance`).
`<releases>/<endpoint>/current.json` names the record that is in service, schema `rehearsal.pointer/1`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from deploy.aws import Clients, aws_errors
from deploy.aws.describe import is_missing
from deploy.aws.s3 import fetch
from deploy.core.errors import AwsRefused, ConfigurationError

RECORD_SCHEMA: Final = "rehearsal.release/1"
POINTER_SCHEMA: Final = "rehearsal.pointer/1"
_POINTER = "current.json"
_RECORD_NAME = re.compile(r"(?P<release>[0-9a-f]{12})-(?P<time>\d{8}T\d{12})Z\.json")
_TIME = "%Y%m%dT%H%M%S%f"

# S3 answers these for an object that its key, owner or storage class makes unreadable (S3 API reference, GetObject).
_OF_ONE_OBJECT = ("AccessDenied", "403", "InvalidObjectState", "KMS.DisabledException", "KMS.NotFoundException")

State = Literal["promoted", "rolled_back", "failed"]
M = TypeVar("M", bound=BaseModel)


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", serialize_by_alias=True)


class GateRecord(_Record):
    gate: str
    outcome: str
    reason: str


class EvidenceRecord(_Record):
    sha256: str
    run_id: str
    created: AwareDatetime
    tool_version: str
    assurance: str


class SmokeRecord(_Record):
    inference_id: str
    seconds: float
    problem: str


class PriceRecord(_Record):
    usd_per_hour: float
    source: str


class GitRecord(_Record):
    commit: str
    dirty: bool


class Release(_Record):
    """What was promoted, and why it was allowed."""

    schema_id: Literal["rehearsal.release/1"] = Field(default=RECORD_SCHEMA, alias="schema")
    release: str
    created: AwareDatetime
    actor: str
    """ARN of the identity that deployed."""
    tool_version: str
    project: str
    environment: str | None
    configuration_sha256: str
    git: GitRecord | None
    bundle_sha256: str
    bundle_size_bytes: int
    bundle_url: str
    handler_sha256: str
    weights_sha256: str
    account: str
    region: str
    endpoint_name: str
    model: Mapping[str, Any]
    """The request that created the model, with image, role and environment; secrets in it are replaced by digests."""
    endpoint_config: Mapping[str, Any]
    scaling: Mapping[str, Any]
    """The limits, the policies, and how the target value was derived."""
    resolved_image: str | None
    """The image by digest, from SageMaker's answer."""
    policy_sha256: str | None = None
    """Digest of the [gates] settings at that time; None in records of versions that did not write it."""
    gates: tuple[GateRecord, ...]
    evidence: tuple[EvidenceRecord, ...]
    price: PriceRecord | None
    previous: str | None
    """Key of the record that was in service before."""
    state: State
    reason: str = ""
    """Why it did not come into service."""
    smoke: tuple[SmokeRecord, ...] = ()

    @property
    def config_name(self) -> str:
        return str(self.endpoint_config["EndpointConfigName"])

    @property
    def encoded(self) -> bytes:
        """The record's bytes in the bucket."""
        return self.model_dump_json(indent=2).encode()


class Pointer(_Record):
    schema_id: Literal["rehearsal.pointer/1"] = Field(default=POINTER_SCHEMA, alias="schema")
    release: str
    record: str
    """Key of the record in the same bucket."""
    record_sha256: str
    updated: AwareDatetime
    updated_by: Annotated[str, Field(description="ARN")]


@dataclass(frozen=True)
class ReleaseStore:
    """The place of one endpoint's releases in S3."""

    bucket: str
    prefix: str

    def record_key(self, release: Release) -> str:
        return f"{self.prefix}/{release.release}-{release.created:{_TIME}}Z.json"

    @property
    def pointer_key(self) -> str:
        return f"{self.prefix}/{_POINTER}"

    def is_record(self, key: str) -> bool:
        return self._named(key) is not None

    def unreadable(self, key: str, reason: str) -> Unreadable:
        """An unreadable record, whose release and time are known from its key."""
        named = self._named(key)
        if named is None:
            raise ConfigurationError(f"s3://{self.bucket}/{key} is not named like a release record")
        created = datetime.strptime(named["time"], _TIME).replace(tzinfo=UTC)
        return Unreadable(key, named["release"], created, reason)

    def _named(self, key: str) -> re.Match[str] | None:
        return _RECORD_NAME.fullmatch(key.removeprefix(f"{self.prefix}/"))


@dataclass(frozen=True)
class Stored:
    """A record that was read from the bucket."""

    key: str
    sha256: str
    release: Release

    @property
    def created(self) -> datetime:
        return self.release.created


@dataclass(frozen=True)
class Unreadable:
    """A record that exists and cannot be read: it is damaged, of a later version, or access is denied."""

    key: str
    release: str
    created: datetime
    reason: str


Attempt = Stored | Unreadable


def record(clients: Clients, store: ReleaseStore, release: Release) -> tuple[str, str]:
    """Write the record once; returns its key and its sha256."""
    key, data = store.record_key(release), release.encoded
    with aws_errors(f"writing release record {key}"):
        clients.s3.put_object(Bucket=store.bucket, Key=key, Body=data, ContentType="application/json", IfNoneMatch="*")
    return key, hashlib.sha256(data).hexdigest()


def point(clients: Clients, store: ReleaseStore, pointer: Pointer) -> None:
    """Move the pointer, under the deployment lock only: a promotion changes it last."""
    data = pointer.model_dump_json(indent=2).encode()
    with aws_errors("moving the release pointer"):
        clients.s3.put_object(Bucket=store.bucket, Key=store.pointer_key, Body=data, ContentType="application/json")


def current(clients: Clients, store: ReleaseStore) -> tuple[Pointer, Release] | None:
    """The release in service according to the pointer; None before the first promotion.

    Raises ConfigurationError when the record is not the one that the pointer was set to.
    """
    pointer = pointed(clients, store)
    if pointer is None:
        return None
    found = _attempt(clients, store, pointer.record)
    if not isinstance(found, Stored) or found.sha256 != pointer.record_sha256:
        what = "missing" if found is None else "not the record that it was set to"
        what = f"unreadable: {found.reason}" if isinstance(found, Unreadable) else what
        raise ConfigurationError(
            f"{_POINTER} names s3://{store.bucket}/{pointer.record}, which is {what}. Somebody changed the bucket by "
            "hand: `deploy verify` says what was changed, `deploy rollback` goes to a release that is whole; to begin "
            f"anew, delete s3://{store.bucket}/{store.pointer_key} and promote"
        )
    return pointer, found.release


def pointed(clients: Clients, store: ReleaseStore) -> Pointer | None:
    """The pointer itself, even if its record is missing or unreadable."""
    found = _read(clients, f"s3://{store.bucket}/{store.pointer_key}", Pointer)
    return found[0] if found else None


def stored(clients: Clients, store: ReleaseStore, key: str) -> Stored | None:
    found = _read(clients, f"s3://{store.bucket}/{key}", Release)
    return Stored(key, found[1], found[0]) if found else None


def releases(clients: Clients, store: ReleaseStore) -> tuple[Attempt, ...]:
    """Every attempt, newest first; none when there is no bucket yet."""
    found = [each for key in _keys(clients, store) if store.is_record(key) and (each := _attempt(clients, store, key))]
    return tuple(sorted(found, key=lambda each: each.created, reverse=True))


def _keys(clients: Clients, store: ReleaseStore) -> Sequence[str]:
    try:
        with aws_errors(f"listing releases in s3://{store.bucket}/{store.prefix}"):
            pages = clients.s3.get_paginator("list_objects_v2").paginate(Bucket=store.bucket, Prefix=f"{store.prefix}/")
            return [each["Key"] for page in pages for each in page.get("Contents", [])]
    except AwsRefused as refused:
        if is_missing(refused):
            return ()
        raise


def readable(attempts: Sequence[Attempt]) -> tuple[Stored, ...]:
    return tuple(each for each in attempts if isinstance(each, Stored))


def _attempt(clients: Clients, store: ReleaseStore, key: str) -> Attempt | None:
    """One attempt; None when it was deleted since it was listed. A record that cannot be read hides no other."""
    try:
        return stored(clients, store, key)
    except ConfigurationError as error:
        return store.unreadable(key, str(error).removeprefix(f"s3://{store.bucket}/{key} "))
    except AwsRefused as refused:
        if refused.code not in _OF_ONE_OBJECT:
            raise
        return store.unreadable(key, f"S3 refuses it: {refused.code}")


def _read(clients: Clients, url: str, model: type[M]) -> tuple[M, str] | None:
    """Read a document and the sha256 of its bytes."""
    found = fetch(clients, url)
    if found is None:
        return None
    try:
        return model.model_validate_json(found[0]), hashlib.sha256(found[0]).hexdigest()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        said = f"{place}: {first['msg']}" if place else first["msg"]
        raise ConfigurationError(f"{url} is not a {model.__name__.lower()} of this version ({said})") from error


def choose(attempts: Sequence[Attempt], wanted: str | None, in_service: str) -> Stored:
    """The target of a rollback: the newest promoted release that begins with `wanted`, or the one before `in_service`.

    Raises ConfigurationError when there is none.
    """
    promoted = [each for each in readable(attempts) if each.release.state == "promoted"]
    for each in promoted:
        name = each.release.release
        if name.startswith(wanted) if wanted is not None else name != in_service:
            return each
    known = ", ".join(dict.fromkeys(each.release.release for each in promoted)) or "none"
    what = f"no promoted release begins with {wanted!r}" if wanted else "no other release was ever promoted"
    damaged = [f"; {each.release} is unreadable: {each.reason}" for each in attempts if isinstance(each, Unreadable)]
    raise ConfigurationError(f"{what} (promoted: {known}){''.join(damaged)}")
