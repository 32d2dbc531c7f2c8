"""Holds the AWS resources of a deployment as frozen dataclasses, each with the request that creates it.

The shapes are those of botocore's service models. AWS's developer guide tells which members are set and why: "Create an
asynchronous inference endpoint" and "Deployment guardrails". May not: call AWS.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.config.sections import Notified
from deploy.core.redaction import digested

# The name must never change: guardrails work only while the variant keeps its name.
VARIANT = "AllTraffic"


@dataclass(frozen=True)
class Bucket:
    name: str
    region: str
    create: bool
    """Whether a missing bucket may be created; otherwise the deployment is refused."""

    def request(self) -> dict[str, Any]:
        """S3 accepts every region but us-east-1 as a LocationConstraint."""
        if self.region == "us-east-1":
            return {"Bucket": self.name}
        return {"Bucket": self.name, "CreateBucketConfiguration": {"LocationConstraint": self.region}}


@dataclass(frozen=True)
class BundleObject:
    bucket: str
    key: str
    path: Path
    sha256: str
    size_bytes: int

    @property
    def name(self) -> str:
        return f"s3://{self.bucket}/{self.key}"

    @property
    def checksum(self) -> str:
        return s3_checksum(self.sha256)

    def request(self) -> dict[str, Any]:
        """PutObject without Body. `IfNoneMatch` makes the key write-once; S3 refuses a body with another checksum."""
        return {
            "Bucket": self.bucket,
            "Key": self.key,
            "IfNoneMatch": "*",
            "ChecksumSHA256": self.checksum,
            "ContentType": "application/gzip",
            "Metadata": {"sha256": self.sha256},
        }


@dataclass(frozen=True)
class Topic:
    name: str
    arn: str
    tags: Mapping[str, str]

    def request(self) -> dict[str, Any]:
        return {"Name": self.name, "Tags": tag_list(self.tags)}


@dataclass(frozen=True)
class Model:
    name: str
    role_arn: str
    image: str
    model_data_url: str
    environment: Mapping[str, str]
    tags: Mapping[str, str]

    def request(self) -> dict[str, Any]:
        container = {"Image": self.image, "ModelDataUrl": self.model_data_url, "Environment": dict(self.environment)}
        return {
            "ModelName": self.name,
            "ExecutionRoleArn": self.role_arn,
            "PrimaryContainer": container,
            "Tags": tag_list(self.tags),
        }


@dataclass(frozen=True)
class EndpointConfig:
    name: str
    model_name: str
    instance_type: str
    initial_instance_count: int
    model_download_timeout_seconds: int
    startup_timeout_seconds: int
    inference_ami_version: str | None
    max_concurrent_invocations_per_instance: int
    output_path: str
    failure_path: str
    success_topic_arn: str
    error_topic_arn: str
    include_response_in: tuple[Notified, ...]
    tags: Mapping[str, str]
    is_realtime: bool = False
    """Whether it is answered by InvokeEndpoint; then nothing of asynchronous inference is configured."""

    def request(self) -> dict[str, Any]:
        """KmsKeyId is not set, because instances with NVMe storage, such as g4dn, refuse it."""
        return {
            "EndpointConfigName": self.name,
            "ProductionVariants": [self._variant()],
            **({} if self.is_realtime else {"AsyncInferenceConfig": self._asynchronous()}),
            "Tags": tag_list(self.tags),
        }

    def _variant(self) -> dict[str, Any]:
        ami = {"InferenceAmiVersion": self.inference_ami_version} if self.inference_ami_version else {}
        return {
            "VariantName": VARIANT,
            "ModelName": self.model_name,
            "InstanceType": self.instance_type,
            "InitialInstanceCount": self.initial_instance_count,
            "InitialVariantWeight": 1.0,
            "ModelDataDownloadTimeoutInSeconds": self.model_download_timeout_seconds,
            "ContainerStartupHealthCheckTimeoutInSeconds": self.startup_timeout_seconds,
            **ami,
        }

    def _asynchronous(self) -> dict[str, Any]:
        topics = {"success": "SUCCESS_NOTIFICATION_TOPIC", "error": "ERROR_NOTIFICATION_TOPIC"}
        notification: dict[str, Any] = {"SuccessTopic": self.success_topic_arn, "ErrorTopic": self.error_topic_arn}
        if self.include_response_in:
            notification["IncludeInferenceResponseIn"] = [topics[each] for each in self.include_response_in]
        return {
            "ClientConfig": {"MaxConcurrentInvocationsPerInstance": self.max_concurrent_invocations_per_instance},
            "OutputConfig": {
                "S3OutputPath": self.output_path,
                "S3FailurePath": self.failure_path,
                "NotificationConfig": notification,
            },
        }


@dataclass(frozen=True)
class Endpoint:
    name: str
    config_name: str
    tags: Mapping[str, str]

    def request(self) -> dict[str, Any]:
        return {
            "EndpointName": self.name,
            "EndpointConfigName": self.config_name,
            "Tags": tag_list(self.tags),
        }


def without_secrets(model: Mapping[str, Any]) -> dict[str, Any]:
    """CreateModel's request or DescribeModel's answer with digests in place of secrets."""
    container = dict(model.get("PrimaryContainer", {}))
    if "Environment" in container:
        container["Environment"] = digested(container["Environment"])
    return {**model, "PrimaryContainer": container}


def s3_checksum(sha256: str) -> str:
    """A sha256 in hex digits as S3's base64 checksum."""
    return base64.b64encode(bytes.fromhex(sha256)).decode("ascii")


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]
