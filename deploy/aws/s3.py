"""Reads S3 objects: small ones into memory, large ones into files.

A file is streamed, hashed on the way, and written whole or not at all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from deploy.aws import Clients, aws_errors
from deploy.aws.describe import is_missing
from deploy.core.errors import AwsRefused
from deploy.core.files import replacing

_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class Fetched:
    size_bytes: int
    sha256: str
    content_type: str
    metadata: Mapping[str, str]
    modified: datetime


class _Readable(Protocol):
    def read(self, amt: int = ..., /) -> bytes: ...


def split(url: str) -> tuple[str, str]:
    """`s3://bucket/key` -> bucket, key."""
    bucket, _, key = url.removeprefix("s3://").partition("/")
    return bucket, key


def fetch(clients: Clients, url: str) -> tuple[bytes, str] | None:
    """An object's bytes and content type; None while it is not there."""
    bucket, key = split(url)
    try:
        with aws_errors(f"fetching {url}"):
            found = clients.s3.get_object(Bucket=bucket, Key=key)
            return found["Body"].read(), found.get("ContentType", "")
    except AwsRefused as refused:
        if is_missing(refused):
            return None
        raise


def download(clients: Clients, url: str, path: Path) -> Fetched | None:
    """None when there is no such object. Raises AwsRefused, and DeployError when the disk refuses."""
    bucket, key = split(url)
    try:
        with aws_errors(f"fetching {url}"):
            found = clients.s3.get_object(Bucket=bucket, Key=key)
            with replacing(path) as file:
                digest, size_bytes = hashlib.sha256(), 0
                for chunk in _chunks(found["Body"]):
                    digest.update(chunk)
                    size_bytes += file.write(chunk)
    except AwsRefused as refused:
        if is_missing(refused):
            return None
        raise
    content_type, metadata = found.get("ContentType", ""), found.get("Metadata", {})
    return Fetched(size_bytes, digest.hexdigest(), content_type, metadata, found["LastModified"])


def _chunks(body: _Readable) -> Iterator[bytes]:
    while chunk := body.read(_CHUNK_BYTES):
        yield chunk
