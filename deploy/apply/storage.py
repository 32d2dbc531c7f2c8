"""Creates or adopts the bucket and the bundle in it, and checks that the object has exactly the bundle's bytes."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from io import FileIO
from pathlib import Path
from typing import Any

from deploy.apply.steps import Work
from deploy.aws import Clients, aws_errors, describe
from deploy.core.digests import digest_of_file
from deploy.core.errors import AwsRefused, ConfigurationError, RehearsalError
from deploy.resources import Bucket, BundleObject

# S3's limit of one PutObject.
_MAX_PUT_BYTES = 5 * (1 << 30)


def ensure_bucket(work: Work, bucket: Bucket) -> None:
    """Create or adopt the bucket in the endpoint's region: SageMaker reads models and writes results only there."""
    found = describe.bucket_region(work.clients, bucket.name)
    if found is None:
        found = _create_bucket(work, bucket)
    else:
        work.adopt("bucket", bucket.name)
    if found != bucket.region:
        raise ConfigurationError(
            f"bucket {bucket.name} is in {found}, the endpoint in {bucket.region}: SageMaker needs both in one region. "
            "Set storage.bucket to a bucket there, or endpoint.region to the bucket's"
        )


def _create_bucket(work: Work, bucket: Bucket) -> str | None:
    """Create the bucket and return its region, which is another when somebody created the bucket in the meantime."""
    if not bucket.create:
        raise ConfigurationError(
            f"bucket {bucket.name} does not exist and storage.create_bucket is false: "
            "create the foundation first, or set storage.bucket to one that exists"
        )
    if work.create("bucket", bucket.name, lambda: work.clients.s3.create_bucket(**bucket.request())):
        return bucket.region
    return describe.bucket_region(work.clients, bucket.name)


def ensure_bundle(work: Work, bundle: BundleObject, found: Mapping[str, Any] | None) -> None:
    """Upload once; an object already under the content-addressed key must hold the same bytes.

    `found` is what is there. An upload is not read back: S3 refuses bytes that do not have the checksum in the request
    (BadDigest, S3 API reference, PutObject).
    """
    if found is None:
        _check_whole(bundle)
        if work.create("object", bundle.name, lambda: _put(work, bundle)):
            return
        found = describe.stored_object(work.clients, bundle.bucket, bundle.key)
    _check_stored(bundle, found or {})
    work.adopt("object", bundle.name)


def _check_whole(bundle: BundleObject) -> None:
    if digest_of_file(bundle.path) != bundle.sha256:
        raise ConfigurationError(f"{bundle.path} changed since it was bundled: run `deploy bundle` again")
    if bundle.size_bytes > _MAX_PUT_BYTES:
        raise ConfigurationError(f"{bundle.path} has {bundle.size_bytes} bytes: S3 takes 5 GiB in one upload")


def _put(work: Work, bundle: BundleObject) -> None:
    with _Renewing(bundle.path, work) as body:
        work.clients.s3.put_object(**bundle.request(), Body=body)


class _Renewing(FileIO):
    """A file whose reading renews the deployment lock: uploading a large bundle takes longer than the lock lasts."""

    def __init__(self, path: Path, work: Work) -> None:
        super().__init__(path, "rb")
        self._work = work

    def read(self, size: int | None = -1, /) -> bytes:
        # boto3 would take the error for a failed upload; the next step raises it again.
        with suppress(RehearsalError):
            self._work.renew()
        return super().read(-1 if size is None else size)


def _check_stored(bundle: BundleObject, found: Mapping[str, Any]) -> None:
    """Compare S3's own checksum where it has one, else the digest in the object's metadata."""
    checksum, noted = found.get("ChecksumSHA256"), found.get("Metadata", {}).get("sha256")
    same = checksum == bundle.checksum if checksum else noted == bundle.sha256
    if not same or found.get("ContentLength") != bundle.size_bytes:
        raise AwsRefused(
            f"{bundle.name} does not hold the bundle: it has {found.get('ContentLength')} bytes and the checksum "
            f"{checksum or noted}, expected {bundle.size_bytes} bytes and {bundle.checksum}. "
            "Delete that object and run again"
        )


def empty_bucket(clients: Clients, name: str, prefix: str = "") -> None:
    """Delete every object whose key begins with `prefix`, and every older version of it."""
    with aws_errors(f"emptying s3://{name}/{prefix}"):
        for page in clients.s3.get_paginator("list_object_versions").paginate(Bucket=name, Prefix=prefix):
            for each in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
                clients.s3.delete_object(Bucket=name, Key=each["Key"], VersionId=each["VersionId"])
