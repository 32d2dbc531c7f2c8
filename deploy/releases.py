"""`deploy releases`: what was promoted, by whom, on which evidence. Records never change; one pointer moves.

`<releases>/<endpoint>/<release>-<time>.json` is one attempt, written once, schema `rehearsal.release/1`.
`<releases>/<endpoint>/current.json` names the record that is in service, schema `rehearsal.pointer/1`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from deploy import requests
from deploy.aws import Clients, aws_errors
from deploy.errors import ConfigurationError

RECORD_SCHEMA: Final = "rehearsal.release/1"
POINTER_SCHEMA: Final = "rehearsal.pointer/1"
_POINTER = "current.json"
_RECORD_KEY = re.compile(r"/[0-9a-f]{12}-\d{8}T\d{12}Z\.json$")

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
    """Everything that says what this was and why it was allowed."""

    schema_id: Literal["rehearsal.release/1"] = Field(default=RECORD_SCHEMA, alias="schema")
    release: str
    created: AwareDatetime
    actor: str
    """ARN of whoever deployed."""
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
    """The request that created the model, with image, role and environment."""
    endpoint_config: Mapping[str, Any]
    scaling: Mapping[str, Any]
    """Limits, policies and how the target value was derived."""
    resolved_image: str | None
    """The digest that SageMaker says it runs."""
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


class Pointer(_Record):
    schema_id: Literal["rehearsal.pointer/1"] = Field(default=POINTER_SCHEMA, alias="schema")
    release: str
    record: str
    """Key of the record in the same bucket."""
    record_sha256: str
    updated: AwareDatetime
    updated_by: Annotated[str, Field(description="ARN")]


@dataclass(frozen=True)
class Shelf:
    """Where the releases of one endpoint lie."""

    bucket: str
    prefix: str

    def record_key(self, release: Release) -> str:
        return f"{self.prefix}/{release.release}-{release.created:%Y%m%dT%H%M%S%f}Z.json"

    @property
    def pointer_key(self) -> str:
        return f"{self.prefix}/{_POINTER}"


@dataclass(frozen=True)
class Stored:
    """A record as it lies in the bucket."""

    key: str
    sha256: str
    release: Release


def record(clients: Clients, shelf: Shelf, release: Release) -> tuple[str, str]:
    """Write the record once; returns its key and its sha256."""
    key, data = shelf.record_key(release), release.model_dump_json(indent=2).encode()
    with aws_errors(f"writing release record {key}"):
        clients.s3.put_object(Bucket=shelf.bucket, Key=key, Body=data, ContentType="application/json", IfNoneMatch="*")
    return key, hashlib.sha256(data).hexdigest()


def point(clients: Clients, shelf: Shelf, pointer: Pointer) -> None:
    """Only under the deployment lock: the pointer is the last thing that a promotion changes."""
    data = pointer.model_dump_json(indent=2).encode()
    with aws_errors("moving the release pointer"):
        clients.s3.put_object(Bucket=shelf.bucket, Key=shelf.pointer_key, Body=data, ContentType="application/json")


def current(clients: Clients, shelf: Shelf) -> tuple[Pointer, Release] | None:
    """What is in service according to the pointer; None before the first promotion.

    Raises ConfigurationError when the record is not the one that the pointer was set to.
    """
    found = _read(clients, f"s3://{shelf.bucket}/{shelf.pointer_key}", Pointer)
    if found is None:
        return None
    pointer, _ = found
    url = f"s3://{shelf.bucket}/{pointer.record}"
    release = _read(clients, url, Release)
    if release is None or release[1] != pointer.record_sha256:
        raise ConfigurationError(
            f"{url} is {'missing' if release is None else 'not the record'} that {_POINTER} was set to: "
            "somebody changed the bucket by hand. Promote again to set the pointer anew"
        )
    return pointer, release[0]


def releases(clients: Clients, shelf: Shelf) -> tuple[Stored, ...]:
    """Every attempt, newest first; none when the bucket is not there yet."""
    with aws_errors(f"listing releases in s3://{shelf.bucket}/{shelf.prefix}"):
        pages = clients.s3.get_paginator("list_objects_v2").paginate(Bucket=shelf.bucket, Prefix=f"{shelf.prefix}/")
        keys = [each["Key"] for page in pages for each in page.get("Contents", [])]
    found = [(key, _read(clients, f"s3://{shelf.bucket}/{key}", Release)) for key in keys if _RECORD_KEY.search(key)]
    stored = [Stored(key, read[1], read[0]) for key, read in found if read is not None]
    return tuple(sorted(stored, key=lambda each: each.release.created, reverse=True))


def _read(clients: Clients, url: str, model: type[M]) -> tuple[M, str] | None:
    """A document and the sha256 of its bytes."""
    found = requests.fetch(clients, url)
    if found is None:
        return None
    try:
        return model.model_validate_json(found[0]), hashlib.sha256(found[0]).hexdigest()
    except ValidationError as error:
        raise ConfigurationError(f"{url} is not a {model.__name__.lower()} of this version: {error}") from error


def choose(attempts: Sequence[Stored], wanted: str | None, in_service: str) -> Stored:
    """Where to go back to: the newest promoted release whose id begins with `wanted`, or the one before `in_service`.

    Raises ConfigurationError when there is none.
    """
    promoted = [each for each in attempts if each.release.state == "promoted"]
    for each in promoted:
        name = each.release.release
        if name.startswith(wanted) if wanted is not None else name != in_service:
            return each
    known = ", ".join(dict.fromkeys(each.release.release for each in promoted)) or "none"
    what = f"no promoted release begins with {wanted!r}" if wanted else "no other release was ever promoted"
    raise ConfigurationError(f"{what} (promoted: {known})")
