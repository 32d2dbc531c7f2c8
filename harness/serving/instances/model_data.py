"""The model archive: fetched from the local cloud's S3 and unpacked as the platform does, by streaming, and safely.

An archive may hold plain files and folders below its root. Nothing is ever written outside the target; links, devices
and an archive that grows past its bounds are refused.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from harness.core.errors import ModelDataError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

COPY_BYTES = 1024 * 1024


class Readable(Protocol):
    def read(self, amt: int = ..., /) -> bytes: ...


@dataclass(frozen=True)
class Bounds:
    """The largest that an archive may become when it is unpacked."""

    size_bytes: int = 64 * 1024**3
    members: int = 100_000


@dataclass(frozen=True)
class ModelData:
    """What was unpacked; the digest is the archive's own, which its manifest states."""

    sha256: str
    archive_size_bytes: int
    files: int


def fetch_model_data(s3: S3Client, model_data_url: str, target: Path, bounds: Bounds = Bounds()) -> ModelData:
    """Unpack `s3://bucket/key` below `target`; raises ModelDataError that names the address and the cause."""
    bucket, key = split_s3_url(model_data_url)
    try:
        body = s3.get_object(Bucket=bucket, Key=key)["Body"]
        with body:
            return unpack(body, target, source=model_data_url, bounds=bounds)
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "unknown")
        raise ModelDataError(f"could not find model data at {model_data_url}: S3 answers {code}") from error
    except BotoCoreError as error:
        raise ModelDataError(f"could not fetch model data at {model_data_url}: {error}") from error


def split_s3_url(url: str) -> tuple[str, str]:
    bucket, _, key = url.removeprefix("s3://").partition("/")
    if not url.startswith("s3://") or not bucket or not key or key.endswith("/"):
        raise ModelDataError(f"model data must be s3://bucket/key of a model.tar.gz, not {url!r}")
    return bucket, key


def unpack(body: Readable, target: Path, *, source: str, bounds: Bounds = Bounds()) -> ModelData:
    """Unpack a gzipped tar stream below `target`, which is made; `source` is its name in messages.

    Raises ModelDataError. What was written until then stays below `target`, for the caller to remove.
    """
    target.mkdir(parents=True, exist_ok=True)
    counted = _Counted(body)
    with _as_model_data_error(source):
        with gzip.GzipFile(fileobj=counted, mode="rb") as plain, tarfile.open(fileobj=plain, mode="r|") as tar:
            files = sum(_unpack_member(tar, member, target, source) for member in _bounded(tar, source, bounds))
            while plain.read(COPY_BYTES):  # to the end: the checksum of a truncated archive is behind the last member
                pass
        while counted.read(COPY_BYTES):
            pass
    if not files:
        raise ModelDataError(f"model data at {source} is empty: it holds no file")
    return ModelData(counted.sha256, counted.size_bytes, files)


class _Counted(io.RawIOBase):
    """A body that counts the size and digest of what was read."""

    def __init__(self, body: Readable) -> None:
        self._body = body
        self._digest = hashlib.sha256()
        self.size_bytes = 0

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        data = self._body.read(size) if size >= 0 else self._body.read()
        self._digest.update(data)
        self.size_bytes += len(data)
        return data


@contextmanager
def _as_model_data_error(source: str) -> Iterator[None]:
    try:
        yield
    except (gzip.BadGzipFile, tarfile.TarError, zlib.error) as error:
        raise ModelDataError(f"model data at {source} is not a gzipped tar archive, or is damaged: {error}") from error
    except EOFError as error:
        raise ModelDataError(f"model data at {source} ends in the middle: upload it again") from error
    except OSError as error:
        raise ModelDataError(f"model data at {source} could not be unpacked: {error}") from error


def _bounded(tar: tarfile.TarFile, source: str, bounds: Bounds) -> Iterator[tarfile.TarInfo]:
    size_bytes = 0
    for count, member in enumerate(tar, start=1):
        size_bytes += member.size
        if count > bounds.members:
            raise ModelDataError(f"model data at {source} has more than {bounds.members} members")
        if size_bytes > bounds.size_bytes:
            raise ModelDataError(f"model data at {source} unpacks to more than {bounds.size_bytes} bytes")
        yield member


def _unpack_member(tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path, source: str) -> int:
    path = target / safe_name(member, source)
    if member.isdir():
        path.mkdir(parents=True, exist_ok=True)
        return 0
    path.parent.mkdir(parents=True, exist_ok=True)
    content = tar.extractfile(member)
    if content is None:
        raise ModelDataError(f"model data at {source}: {member.name!r} has no content")
    with content, path.open("wb") as file:
        _copy(content, file)
    return 1


def _copy(content: IO[bytes], file: IO[bytes]) -> None:
    while data := content.read(COPY_BYTES):
        file.write(data)


def safe_name(member: tarfile.TarInfo, source: str) -> PurePosixPath:
    """The member's place below the root; raises ModelDataError for what has none or is no plain file or folder."""
    name = PurePosixPath(member.name)
    if name.is_absolute() or ".." in name.parts or "\0" in member.name or "\\" in member.name:
        raise ModelDataError(f"model data at {source} is unsafe: {member.name!r} points outside the archive")
    if member.issym() or member.islnk():
        raise ModelDataError(
            f"model data at {source} is unsafe: {member.name!r} is a link to {member.linkname!r}; pack the file itself"
        )
    if not (member.isreg() or member.isdir()):
        raise ModelDataError(f"model data at {source} is unsafe: {member.name!r} is neither a file nor a folder")
    return name


def make_read_only(folder: Path) -> None:
    """Make the folder read-only, as /opt/ml/model is for the container."""
    for path in sorted(folder.rglob("*"), reverse=True):
        path.chmod(0o555 if path.is_dir() else 0o444)
    folder.chmod(0o555)
