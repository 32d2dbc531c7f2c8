"""The seam to S3 and SNS: two protocols, `Objects` and `Topics`, and their implementations.

`mapped` turns every botocore exception into one of three errors; no other module of the emulator catches botocore's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Protocol
from urllib.parse import unquote, urlsplit

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 - botocore's name
    HTTPClientError,
    IncompleteReadError,
)

from harness.core.errors import HarnessError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import PutObjectRequestTypeDef
    from mypy_boto3_sns import SNSClient

# SageMaker limits an asynchronous payload to 1 GB.
MAX_OBJECT_BYTES = 1024**3
_CHUNK_BYTES = 1024 * 1024
_SERVER_ERROR = 500


class CloudRefused(HarnessError):
    """The cloud refused the request."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


class CloudUnreachable(HarnessError):
    """The cloud did not answer; the caller may retry without a limit."""


class CloudFailing(CloudUnreachable):
    """The cloud answered 5xx; the caller may retry a limited number of times."""


@dataclass(frozen=True)
class Location:
    bucket: str
    key: str


@dataclass(frozen=True)
class FetchedObject:
    content_type: str | None
    size_bytes: int


class Objects(Protocol):
    def fetch(self, location: str, into: IO[bytes]) -> FetchedObject:
        """Raises CloudRefused or CloudUnreachable."""
        ...

    def store(self, location: str, body: IO[bytes], *, content_type: str | None, kms_key_id: str | None) -> None:
        """Raises CloudRefused or CloudUnreachable."""
        ...

    def exists(self, location: str) -> bool:
        """Raises CloudRefused, unless the object does not exist, or CloudUnreachable."""
        ...


class Topics(Protocol):
    def publish(self, topic_arn: str, message: str) -> None:
        """Raises CloudRefused or CloudUnreachable."""
        ...


_VIRTUAL_HOST = re.compile(r"(?P<bucket>.+)\.s3[.-][a-z0-9.-]*amazonaws\.com")


def parse_location(location: str) -> Location:
    """Read `s3://bucket/key`, or an https URL in one of S3's two styles or as plain `https://bucket/key`."""
    scheme, _, rest = location.partition("://")
    host, _, path = rest.partition("/")
    if scheme == "s3":
        return Location(host, path)
    path = unquote(urlsplit(location).path.lstrip("/"))
    if virtual := _VIRTUAL_HOST.fullmatch(host):
        return Location(virtual["bucket"], path)
    if host.endswith("amazonaws.com"):
        bucket, _, path = path.partition("/")
        return Location(bucket, path)
    return Location(host, path)


@contextmanager
def mapped(what: str) -> Iterator[None]:
    try:
        yield
    except ClientError as refused:
        error = refused.response.get("Error", {})
        if refused.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= _SERVER_ERROR:
            raise CloudFailing(f"{what}: {error.get('Code', '')} {error.get('Message', refused)}") from refused
        raise CloudRefused(error.get("Code", "Unknown"), f"{what}: {error.get('Message', refused)}") from refused
    except (ConnectionError, HTTPClientError, IncompleteReadError, OSError) as unreachable:
        raise CloudUnreachable(f"{what}: {unreachable}") from unreachable
    except BotoCoreError as refused:
        raise CloudRefused(type(refused).__name__, f"{what}: {refused}") from refused


class S3Objects:
    def __init__(self, client: S3Client) -> None:
        self._client = client

    def fetch(self, location: str, into: IO[bytes]) -> FetchedObject:
        place = parse_location(location)
        with mapped(f"GetObject {location}"):
            answer = self._client.get_object(Bucket=place.bucket, Key=place.key)
            if answer["ContentLength"] > MAX_OBJECT_BYTES:
                answer["Body"].close()
                raise CloudRefused(
                    "EntityTooLarge", f"{location} has {answer['ContentLength']} bytes, the limit is 1 GB"
                )
            for chunk in answer["Body"].iter_chunks(_CHUNK_BYTES):
                into.write(chunk)
        return FetchedObject(answer.get("ContentType"), answer["ContentLength"])

    def store(self, location: str, body: IO[bytes], *, content_type: str | None, kms_key_id: str | None) -> None:
        place = parse_location(location)
        request: PutObjectRequestTypeDef = {"Bucket": place.bucket, "Key": place.key, "Body": body}
        if content_type is not None:
            request["ContentType"] = content_type
        if kms_key_id is not None:
            request["ServerSideEncryption"] = "aws:kms"
            request["SSEKMSKeyId"] = kms_key_id
        with mapped(f"PutObject {location}"):
            self._client.put_object(**request)

    def exists(self, location: str) -> bool:
        place = parse_location(location)
        try:
            with mapped(f"HeadObject {location}"):
                self._client.head_object(Bucket=place.bucket, Key=place.key)
        except CloudRefused as refused:
            if refused.code in ("404", "NoSuchKey", "NoSuchBucket", "NotFound"):
                return False
            raise
        return True


class SnsTopics:
    def __init__(self, client: SNSClient) -> None:
        self._client = client

    def publish(self, topic_arn: str, message: str) -> None:
        with mapped(f"Publish {topic_arn}"):
            self._client.publish(TopicArn=topic_arn, Message=message)
