"""Where the checks run: clients, account, bucket and time-outs, and raw HTTP to the same address."""

from __future__ import annotations

import http.client
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.type_defs import WaiterConfigTypeDef

Answer = tuple[int, Mapping[str, str], bytes]


@dataclass(frozen=True)
class Place:
    client: Callable[[str], Any]
    """Makes a boto3 client of a service."""
    region: str = "eu-west-1"
    account: str = "000000000000"
    partition: str = "aws"
    bucket: str = "conformance"
    folder: str = ""
    """The prefix of every key in the bucket."""
    prefix: str = ""
    """The prefix of every name."""
    makes_bucket: bool = True
    container: Mapping[str, Any] = field(default_factory=lambda: {"Image": "image:1"})
    """The PrimaryContainer of the models."""
    role_arn: str | None = None
    instance_type: str = "ml.m5.large"
    client_environment: Mapping[str, str] = field(default_factory=dict)
    """The environment in which a client in another process reaches the same address."""
    credentials: Credentials | None = None
    """Raw requests are signed with them; None where signatures are not checked."""
    is_scripted: bool = True
    """Whether the containers are servers in this process."""
    slowness: float = 1.0
    """The factor of the checks' time-outs."""
    every_seconds: float = 0.05
    patience_seconds: float = 600.0
    """The longest wait; short for a subject that cannot answer."""

    @property
    def root(self) -> str:
        return f"s3://{self.bucket}/{self.folder}".rstrip("/")

    def named(self, name: str) -> str:
        return f"{self.prefix}{name}"

    def arn(self, service: str, resource: str) -> str:
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"

    def model(self, name: str) -> dict[str, Any]:
        """Return the request of CreateModel."""
        role = {"ExecutionRoleArn": self.role_arn} if self.role_arn else {}
        return {"ModelName": name, "PrimaryContainer": dict(self.container), **role}

    def patient(self, timeout_seconds: float) -> float:
        return min(timeout_seconds * self.slowness, self.patience_seconds)

    @property
    def waiter(self) -> WaiterConfigTypeDef:
        """A boto3 waiter's WaiterConfig: half a minute locally, longer on a slower subject."""
        delay = max(1, round(self.every_seconds * 10))
        return {"Delay": delay, "MaxAttempts": max(1, round(self.patient(30) / delay))}

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Post without an SDK; return status, headers with lower-case names, and body."""
        parts = urlsplit(url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.netloc, timeout=30)
        try:
            connection.request("POST", parts.path, body, self._signed(url, headers, body))
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def _signed(self, url: str, headers: Mapping[str, str], body: bytes) -> dict[str, str]:
        if self.credentials is None:
            return dict(headers)
        request = AWSRequest("POST", url, headers=dict(headers), data=body)
        SigV4Auth(self.credentials, "sagemaker", self.region).add_auth(request)
        return dict(request.headers.items())
