"""Model archives made in memory, and a small S3 that has them."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BUCKET = "models"


def archive(files: Mapping[str, str | bytes], members: Iterable[tarfile.TarInfo] = ()) -> bytes:
    """A gzipped tar of these files, then of these members, which have no content."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in files.items():
            data = content.encode() if isinstance(content, str) else content
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
        for member in members:
            tar.addfile(member)
    return buffer.getvalue()


def special(name: str, kind: bytes, linkname: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, linkname
    return info


@dataclass(frozen=True)
class Meta:
    region_name: str = "eu-west-1"


class FakeS3:
    """`get_object` of one bucket."""

    def __init__(self, objects: Mapping[str, bytes]) -> None:
        self._objects = objects
        self.meta = Meta()

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, io.BytesIO]:  # noqa: N803 - boto3's names
        if Bucket != BUCKET or Key not in self._objects:
            raise ClientError({"Error": {"Code": "NoSuchKey", "Message": "not here"}}, "GetObject")
        return {"Body": io.BytesIO(self._objects[Key])}


def s3_with(**objects: bytes) -> S3Client:
    return cast("S3Client", FakeS3(objects))
