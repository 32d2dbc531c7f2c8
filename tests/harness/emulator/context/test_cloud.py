"""The seam to S3 and SNS: locations, and the mapping of every foreign exception to one of three."""

from __future__ import annotations

import io
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, IncompleteReadError, NoCredentialsError

from harness.emulator.context.cloud import (
    CloudFailing,
    CloudRefused,
    CloudUnreachable,
    Location,
    S3Objects,
    mapped,
    parse_location,
)
from harness.local_cloud.clients import local_client


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("s3://bucket/a/b c", Location("bucket", "a/b c")),
        ("s3://bucket", Location("bucket", "")),
        ("https://bucket/key", Location("bucket", "key")),
        ("https://bucket.s3.eu-west-1.amazonaws.com/a%20b", Location("bucket", "a b")),
        ("https://bucket.s3-eu-west-1.amazonaws.com/k", Location("bucket", "k")),
        ("https://s3.eu-west-1.amazonaws.com/bucket/a/b", Location("bucket", "a/b")),
    ],
)
def test_locations_in_all_their_spellings(text: str, place: Location) -> None:
    assert parse_location(text) == place


def answer(status: int, code: str) -> ClientError:
    response: Any = {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "GetObject")


@pytest.mark.parametrize(
    ("foreign", "ours"),
    [
        (answer(404, "NoSuchKey"), CloudRefused),
        (answer(403, "AccessDenied"), CloudRefused),
        (answer(503, "SlowDown"), CloudFailing),
        (answer(500, "InternalError"), CloudFailing),
        (EndpointConnectionError(endpoint_url="http://x"), CloudUnreachable),
        (IncompleteReadError(actual_bytes=1, expected_bytes=2), CloudUnreachable),
        (NoCredentialsError(), CloudRefused),
        (OSError("cut"), CloudUnreachable),
    ],
    ids=lambda case: type(case).__name__ if isinstance(case, Exception) else "",
)
def test_foreign_exceptions_are_ours(foreign: Exception, ours: type[Exception]) -> None:
    with pytest.raises(ours, match="GetObject x") as caught, mapped("GetObject x"):
        raise foreign
    assert type(caught.value) is ours, "5xx is tried so many times, silence for as long as it takes"


def test_a_refused_connection_is_unreachable() -> None:
    client = local_client("s3", endpoint_url="http://127.0.0.1:9", region="eu-west-1")
    with pytest.raises(CloudUnreachable):
        S3Objects(client).fetch("s3://bucket/key", io.BytesIO())
    client.close()
