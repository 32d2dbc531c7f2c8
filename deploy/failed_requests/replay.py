"""Fetches a failed request of an endpoint with the very bundle and settings that served it (`deploy replay`).

    URI or notification -> clues -> input, failure -> time -> release in service -> bundle, checked -> kept folder

The harness runs it again: `harness replay FOLDER`. This module reads S3, DescribeEndpoint, and the data-log where
nothing else names the input. May not: send a request, or change anything.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

from deploy import releases
from deploy.apply.ledger import Entry
from deploy.async_client.sent import Said, said
from deploy.aws import Clients, describe
from deploy.aws.s3 import Fetched, download
from deploy.core import files
from deploy.core.errors import ConfigurationError
from deploy.failed_requests import clues as clueing
from deploy.failed_requests import failures, kept, searching, timeline
from deploy.failed_requests.clues import Clues, Places
from deploy.failed_requests.kept import BUNDLE, FAILURE, Input, Kept, Recorded, Served
from deploy.failed_requests.timeline import History, Serving
from deploy.releases import Release, ReleaseStore

# SageMaker's InvocationTimeoutSeconds for requests that set none (botocore's model of InvokeEndpointAsync).
_DEFAULT_TIMEOUT_SECONDS = 900
# LastModified has whole seconds, rounded down.
_S3_RESOLUTION = timedelta(seconds=1)


@dataclass(frozen=True)
class Asked:
    """The options of the command line, which override what is found."""

    uri: str | None = None
    notification: Path | None = None
    input: str | None = None
    """The input, for requests whose input cannot be found: an S3 URI, or a file of this machine."""
    content_type: str | None = None
    accept: str | None = None
    attributes: str | None = None
    release: str | None = None


@dataclass(frozen=True)
class Source:
    """The places that hold everything about one endpoint."""

    clients: Clients
    store: ReleaseStore
    places: Places
    entries: Sequence[Entry] = ()
    """The entries of the endpoint's ledger."""


@dataclass(frozen=True)
class Found:
    folder: Path
    kept: Kept


def fetch(source: Source, asked: Asked, root: Path, now: datetime) -> Found:
    """Fetch a request into a folder of its own below `root`.

    Raises ConfigurationError for what cannot be found or is not what was recorded, AwsRefused, and DeployError when
    the disk refuses.
    """
    clues = _clues(asked, source.places)
    folder = root / _folder_name(clues)
    clues, recorded = _failure(source, clues, folder)
    clues, caveats = searching.with_input(source.clients, source.places, clues)
    request, more = _request(source, asked, clues, folder)
    at = clues.at or request.modified or now
    served, doubts = _served(source, asked, at + _S3_RESOLUTION, folder)
    document = Kept(
        tool_version=version("sagemaker-rehearsal"),
        fetched=now,
        source=clues.source,
        request=request.input,
        recorded=recorded,
        served=served,
        caveats=(*caveats, *more, *doubts),
    )
    kept.write(folder, document)
    return Found(folder, document)


def _clues(asked: Asked, places: Places) -> Clues:
    if asked.notification is not None:
        found = clueing.of_notification(asked.notification, places)
    elif asked.uri is not None:
        found = clueing.of_uri(asked.uri, places)
    elif asked.input is not None:
        found = Clues(asked.input)
    else:
        raise ConfigurationError("name what failed: the s3:// URI of its failure object or input, or --notification")
    return replace(found, input=asked.input) if asked.input is not None else found


def _folder_name(clues: Clues) -> str:
    """A readable and unique name: the object's own name and a few digits of a hash."""
    whole = clues.failure_url or clues.input or clues.source
    stem = whole.rsplit("/", 1)[-1].removesuffix(".out").removesuffix("-error")
    return f"{re.sub(r'[^A-Za-z0-9._-]', '-', stem)[:64]}-{hashlib.sha256(whole.encode()).hexdigest()[:8]}"


def _failure(source: Source, clues: Clues, folder: Path) -> tuple[Clues, Recorded | None]:
    """The failure from its object, else from the notification."""
    path = folder / FAILURE
    if clues.failure_url is not None:
        fetched = download(source.clients, clues.failure_url, path)
        if fetched is None and clues.failure_body is None:
            raise ConfigurationError(_nothing_there(clues.failure_url, "written late, or deleted by a lifecycle rule"))
        if fetched is not None:
            body, at = path.read_bytes(), clues.at or fetched.modified
            clues = replace(clues, failure_body=body, at=at)
    if clues.failure_body is None or clues.at is None:
        return clues, None
    with files.replacing(path) as file:
        file.write(clues.failure_body)
    failure = failures.understood(clues.failure_body, status=clues.status)
    recorded = Recorded(
        url=clues.failure_url, at=clues.at, status=failure.status, code=failure.code, message=failure.message
    )
    return clues, recorded


def _nothing_there(url: str, why: str) -> str:
    return f"there is no object {url}: it was misspelled, {why}"


@dataclass(frozen=True)
class _Request:
    input: Input
    modified: datetime | None
    """The object's LastModified; None for a file of this machine, whose times mean nothing."""


def _request(source: Source, asked: Asked, clues: Clues, folder: Path) -> tuple[_Request, tuple[str, ...]]:
    if clues.input is None:
        raise ConfigurationError("no input is known")
    file = f"input{Path(clues.input).suffix[:16]}"
    fetched = _input(source.clients, clues.input, folder / file)
    noted = said(fetched.metadata)
    made = Input(
        url=clues.input,
        file=file,
        size_bytes=fetched.size_bytes,
        sha256=fetched.sha256,
        content_type=asked.content_type or clues.content_type or fetched.content_type or "application/octet-stream",
        accept=asked.accept or clues.accept or noted.accept,
        custom_attributes=noted.attributes if asked.attributes is None else asked.attributes,
        inference_id=clues.inference_id or noted.inference_id,
        invocation_timeout_seconds=noted.invocation_timeout_seconds or _DEFAULT_TIMEOUT_SECONDS,
    )
    modified = fetched.modified if clues.input.startswith("s3://") else None
    return _Request(made, modified), (*_doubts(made, noted), *_doubts_about_time(clues, modified))


def _input(clients: Clients, where: str, path: Path) -> Fetched:
    if where.startswith("s3://"):
        found = download(clients, where, path)
        if found is None:
            raise ConfigurationError(
                _nothing_there(where, "or deleted since; a copy of it elsewhere is named with --input")
            )
        return found
    local = Path(where)
    if not local.is_file():
        raise ConfigurationError(f"{where}: no such file; --input takes a file or an s3:// URI")
    data = local.read_bytes()
    with files.replacing(path) as file:
        file.write(data)
    modified = datetime.fromtimestamp(local.stat().st_mtime, UTC)
    return Fetched(len(data), hashlib.sha256(data).hexdigest(), "", {}, modified)


def _doubts(request: Input, noted: Said) -> tuple[str, ...]:
    doubts = []
    if request.custom_attributes is None:
        doubts.append("whether the request had CustomAttributes is written nowhere: it is sent without (--attributes)")
    if noted.invocation_timeout_seconds is None:
        doubts.append(f"its InvocationTimeoutSeconds is written nowhere: {_DEFAULT_TIMEOUT_SECONDS}, AWS's default")
    return tuple(doubts)


def _doubts_about_time(clues: Clues, modified: datetime | None) -> Iterator[str]:
    if clues.at is None:
        when = "now" if modified is None else f"when its input was written ({modified:%Y-%m-%d %H:%M:%S})"
        yield f"when the request failed is not known: it is run on the release in service {when} (--release)"


def _served(source: Source, asked: Asked, at: datetime, folder: Path) -> tuple[Served, tuple[str, ...]]:
    history = _history(source)
    if asked.release is not None:
        found, stored = None, timeline.named(history, asked.release)
    else:
        found = timeline.serving(history, at)
        stored = timeline.release_of(history, found.config_name)
    _fetch_bundle(source.clients, stored.release, folder / BUNDLE)
    served = _describe(stored.release, "named with --release" if found is None else found.how)
    return served, tuple(_doubts_about(served, found))


def _doubts_about(served: Served, found: Serving | None) -> Iterator[str]:
    if found is not None and found.otherwise is not None:
        yield f"{found.how}, so {found.otherwise} may have answered instead (--release)"
    for name in served.withheld:
        yield f"{name} is not kept: its name speaks of a secret (`harness replay --set {name}=...`)"


def _history(source: Source) -> History:
    name = source.places.endpoint_name
    return History(
        endpoint_name=name,
        attempts=releases.readable(releases.releases(source.clients, source.store)),
        entries=source.entries,
        pointed=releases.current(source.clients, source.store),
        endpoint=describe.endpoint(source.clients, name),
    )


def _fetch_bundle(clients: Clients, release: Release, path: Path) -> None:
    fetched = download(clients, release.bundle_url, path)
    if fetched is None:
        raise ConfigurationError(
            _nothing_there(release.bundle_url, f"so release {release.release} cannot be run again: its bundle is gone")
        )
    if fetched.sha256 != release.bundle_sha256:
        path.unlink()
        raise ConfigurationError(
            f"{release.bundle_url} has the sha256 {fetched.sha256[:16]}..., the release record says "
            f"{release.bundle_sha256[:16]}...: somebody replaced it, so what served is not known. `deploy verify` "
            "says what else is not as recorded"
        )


def _describe(release: Release, how: str) -> Served:
    container: dict[str, Any] = release.model["PrimaryContainer"]
    variant: dict[str, Any] = release.endpoint_config["ProductionVariants"][0]
    client = release.endpoint_config["AsyncInferenceConfig"]["ClientConfig"]
    environment, withheld = kept.withheld_from(container["Environment"])
    return Served(
        endpoint_name=release.endpoint_name,
        release=release.release,
        how=how,
        config_name=release.config_name,
        bundle_url=release.bundle_url,
        bundle_sha256=release.bundle_sha256,
        image=container["Image"],
        resolved_image=release.resolved_image,
        environment=environment,
        withheld=withheld,
        region=release.region,
        instance_type=variant["InstanceType"],
        max_concurrent_invocations_per_instance=client["MaxConcurrentInvocationsPerInstance"],
        startup_timeout_seconds=variant["ContainerStartupHealthCheckTimeoutInSeconds"],
        model_download_timeout_seconds=variant["ModelDataDownloadTimeoutInSeconds"],
    )
