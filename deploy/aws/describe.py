"""Describes what exists: one function for each kind of resource, which returns None when there is none.

May not: change anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from deploy.aws import Clients, aws_errors
from deploy.core.errors import AwsRefused
from deploy.resources import Topic

T = TypeVar("T")

_MISSING_CODES = ("404", "NoSuchBucket", "NoSuchKey", "NotFound", "NotFoundException")
# GetBucketLocation answers these for the two oldest regions (S3 API reference).
_OLD_REGION_NAMES = {None: "us-east-1", "": "us-east-1", "EU": "eu-west-1"}
_MISSING_ANSWERS = ("Could not find", "does not exist")


def bucket_region(clients: Clients, name: str) -> str | None:
    def ask() -> str | None:
        answer: Mapping[str, Any] = clients.s3.get_bucket_location(Bucket=name)
        location = answer.get("LocationConstraint")
        return _OLD_REGION_NAMES.get(location, location)

    return _unless_missing(f"looking for bucket {name}", ask)


def stored_object(clients: Clients, bucket: str, key: str) -> Mapping[str, Any] | None:
    return _unless_missing(
        f"looking for s3://{bucket}/{key}",
        lambda: clients.s3.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED"),
    )


def topic(clients: Clients, wanted: Topic) -> Mapping[str, str] | None:
    return _unless_missing(
        f"looking for topic {wanted.name}",
        lambda: clients.sns.get_topic_attributes(TopicArn=wanted.arn)["Attributes"],
    )


def model(clients: Clients, name: str) -> Mapping[str, Any] | None:
    return _unless_missing(f"looking for model {name}", lambda: clients.sagemaker.describe_model(ModelName=name))


def endpoint_config(clients: Clients, name: str) -> Mapping[str, Any] | None:
    return _unless_missing(
        f"looking for endpoint configuration {name}",
        lambda: clients.sagemaker.describe_endpoint_config(EndpointConfigName=name),
    )


def endpoint(clients: Clients, name: str) -> Mapping[str, Any] | None:
    return _unless_missing(
        f"looking for endpoint {name}", lambda: clients.sagemaker.describe_endpoint(EndpointName=name)
    )


def differences(wanted: Any, found: Any, path: str = "") -> tuple[str, ...]:
    """List where `found` differs from `wanted`, as `path: found -> wanted`. Members of `found` alone are ignored."""
    if isinstance(wanted, Mapping) and isinstance(found, Mapping):
        return _concatenated(
            differences(value, found.get(key), f"{path}.{key}" if path else key)
            for key, value in wanted.items()
            if key != "Tags"
        )
    if isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        pairs = enumerate(zip(wanted, found, strict=True))
        return _concatenated(differences(each, other, f"{path}[{index}]") for index, (each, other) in pairs)
    return () if wanted == found else (f"{path}: {found!r} -> {wanted!r}",)


def _concatenated(parts: Any) -> tuple[str, ...]:
    return tuple(line for part in parts for line in part)


def is_missing(refused: AwsRefused) -> bool:
    return refused.code in _MISSING_CODES or any(text in refused.answer for text in _MISSING_ANSWERS)


def _unless_missing(doing: str, ask: Callable[[], T]) -> T | None:
    try:
        with aws_errors(doing):
            return ask()
    except AwsRefused as refused:
        if is_missing(refused):
            return None
        raise
