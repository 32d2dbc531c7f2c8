"""Defines the folder of a kept request, with everything that served it, so that it can be run again without AWS.

The folder, written by `deploy replay` and read by `harness replay`:

    request.json    this document, schema `rehearsal.kept-request/1`
    input.*         the input object, byte for byte
    failure.out     the recorded failure, where there was one
    model.tar.gz    the bundle that served, its digest checked against the release record
    runs/<run>/     what each run here gave (written by the harness)

It holds no credentials: of settings whose names suggest a secret, only the names are kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, ValidationError

from deploy.core import files
from deploy.core.errors import ConfigurationError
from deploy.core.redaction import is_digested, names_a_secret
from deploy.evidence.record import Count, LongText, Record, Sha256, Utc

SCHEMA: Final = "rehearsal.kept-request/1"
REQUEST, BUNDLE, FAILURE, RUNS = "request.json", "model.tar.gz", "failure.out", "runs"


def _within_the_folder(name: str) -> str:
    if Path(name).name != name or name in ("", ".", ".."):
        raise ValueError(f"{name!r} is not the name of a file in this folder")
    return name


class Input(Record):
    """The request's input and headers. `custom_attributes` is None when it is unknown whether there were any."""

    url: str
    file: Annotated[str, AfterValidator(_within_the_folder)]
    size_bytes: Count
    sha256: Sha256
    content_type: str
    accept: str | None
    custom_attributes: str | None
    inference_id: str | None
    invocation_timeout_seconds: int


class Recorded(Record):
    """The recorded failure; its body is in the file `failure.out`."""

    url: str | None
    at: Utc
    status: int | None
    code: str | None
    message: LongText


class Served(Record):
    """The release in service then, from its record. `how` tells how it was found."""

    endpoint_name: str
    release: str
    how: str
    config_name: str
    bundle_url: str
    bundle_sha256: Sha256
    image: str
    resolved_image: str | None
    environment: Mapping[str, str]
    withheld: tuple[str, ...] = ()
    """Settings whose values are not kept here."""
    region: str
    instance_type: str
    max_concurrent_invocations_per_instance: int
    startup_timeout_seconds: int
    model_download_timeout_seconds: int


class Kept(Record):
    schema_id: Literal["rehearsal.kept-request/1"] = Field(default=SCHEMA, alias="schema")
    tool_version: str
    fetched: Utc
    source: str
    """The start of the search: a URI or the name of a file."""
    request: Input
    recorded: Recorded | None
    served: Served
    caveats: tuple[str, ...] = ()
    """What is uncertain about this request."""


def withheld_from(environment: Mapping[str, str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """The settings that may be kept, and the names of those that may not."""
    secret = tuple(sorted(name for name, value in environment.items() if names_a_secret(name) or is_digested(value)))
    return {name: value for name, value in environment.items() if name not in secret}, secret


def write(folder: Path, kept: Kept) -> None:
    files.write_text(folder / REQUEST, kept.model_dump_json(indent=2, by_alias=True) + "\n")


def read(folder: Path) -> Kept:
    """Raises ConfigurationError when `folder` holds no kept request, or not all of it."""
    path = folder / REQUEST
    try:
        kept = Kept.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be read ({error.strerror}): name a folder that `deploy replay` fetched"
        ) from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise ConfigurationError(f"{path} is not a {SCHEMA}: {place}: {first['msg']}. Fetch it again") from error
    _require_files(folder, kept)
    return kept


def _require_files(folder: Path, kept: Kept) -> None:
    for name in (kept.request.file, BUNDLE):
        if not (folder / name).is_file() or (folder / name).is_symlink():
            raise ConfigurationError(f"{folder / name} is missing: fetch the request again with `deploy replay`")
