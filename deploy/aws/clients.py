"""Makes every boto3 client, and turns botocore's exceptions into ours.

A `Target` is one cloud: a local one at given URLs with made-up credentials, or real AWS by profile. The local
target never reads the user's AWS configuration or environment, so it cannot reach AWS by accident. Only promotion
constructs `Target.real`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.credentials import CredentialProvider, DeferredRefreshableCredentials
from botocore.exceptions import BotoCoreError, ClientError

from deploy.core.errors import AwsRefused

if TYPE_CHECKING:
    from mypy_boto3_application_autoscaling import ApplicationAutoScalingClient
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sagemaker_runtime import SageMakerRuntimeClient
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sts import STSClient

LOCAL_ACCOUNT = "000000000000"
LOCAL_ROLE = f"arn:aws:iam::{LOCAL_ACCOUNT}:role/rehearsal"
# The emulator serves these services; LocalStack serves every other service of a local cloud.
_EMULATED = ("sagemaker", "sagemaker-runtime", "application-autoscaling", "logs")
_NO_PROFILE = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}


@dataclass(frozen=True)
class Target:
    region: str
    endpoint_urls: Mapping[str, str] = field(default_factory=dict)
    """Keyed by boto3's service name; empty for real AWS."""
    profile: str | None = None
    assume_role: str | None = None
    """ARN of a role to assume with the profile's credentials."""
    is_local: bool = True
    poll_seconds: float = 0.2

    @classmethod
    def local(cls, region: str, *, cloud_url: str, sagemaker_url: str) -> Target:
        """LocalStack (or any S3, SNS, STS, CloudWatch) at `cloud_url`, the emulator at `sagemaker_url`."""
        urls = dict.fromkeys(("s3", "sns", "sqs", "sts", "iam", "cloudwatch"), cloud_url)
        return cls(region, {**urls, **dict.fromkeys(_EMULATED, sagemaker_url)})

    @classmethod
    def real(cls, region: str, *, profile: str | None = None, assume_role: str | None = None) -> Target:
        """AWS itself, where resources cost money."""
        return cls(region, profile=profile, assume_role=assume_role, is_local=False, poll_seconds=15.0)


class Clients:
    """boto3 clients for one target, each made when it is first used."""

    def __init__(self, target: Target) -> None:
        self.target = target

    @cached_property
    def sagemaker(self) -> SageMakerClient:
        client: SageMakerClient = self._client("sagemaker")
        return client

    @cached_property
    def runtime(self) -> SageMakerRuntimeClient:
        client: SageMakerRuntimeClient = self._client("sagemaker-runtime")
        return client

    @cached_property
    def s3(self) -> S3Client:
        client: S3Client = self._client("s3")
        return client

    @cached_property
    def sns(self) -> SNSClient:
        client: SNSClient = self._client("sns")
        return client

    @cached_property
    def sqs(self) -> SQSClient:
        client: SQSClient = self._client("sqs")
        return client

    @cached_property
    def sts(self) -> STSClient:
        client: STSClient = self._client("sts")
        return client

    @cached_property
    def cloudwatch(self) -> CloudWatchClient:
        client: CloudWatchClient = self._client("cloudwatch")
        return client

    @cached_property
    def autoscaling(self) -> ApplicationAutoScalingClient:
        client: ApplicationAutoScalingClient = self._client("application-autoscaling")
        return client

    @cached_property
    def iam(self) -> Any:
        return self._client("iam")

    @cached_property
    def logs(self) -> Any:
        return self._client("logs")

    @cached_property
    def pricing(self) -> Any:
        """The Price List API has endpoints in three regions only; us-east-1 is one."""
        return self._client("pricing", region="us-east-1")

    @cached_property
    def quotas(self) -> Any:
        return self._client("service-quotas")

    def account(self) -> str:
        """The account that the target's credentials belong to."""
        with aws_errors("asking who we are"):
            return self.sts.get_caller_identity()["Account"]

    @cached_property
    def _session(self) -> boto3.Session:
        with aws_errors("reading the AWS configuration"):
            if not self.target.is_local:
                return _real_session(self.target)
            core = botocore.session.Session(session_vars=_NO_PROFILE)
            return boto3.Session("test", "test", region_name=self.target.region, botocore_session=core)

    def _client(self, service: str, region: str | None = None) -> Any:
        target = self.target
        if target.is_local and service not in target.endpoint_urls:
            raise AwsRefused(f"the local target has no {service}: add its URL to the target")
        with aws_errors(f"making a client for {service}"):
            return self._session.client(  # type: ignore[call-overload]  # boto3-stubs knows services only as literals
                service, region, endpoint_url=target.endpoint_urls.get(service), config=_config(target)
            )


def _real_session(target: Target) -> boto3.Session:
    session = boto3.Session(profile_name=target.profile, region_name=target.region)
    if target.assume_role is None:
        return session
    core = botocore.session.Session()
    core.get_component("credential_provider").insert_before("env", _AssumedRole(session, target.assume_role))
    return boto3.Session(region_name=target.region, botocore_session=core)


class _AssumedRole(CredentialProvider):
    """Credentials of an assumed role, refreshed when a deployment takes longer than their hour."""

    METHOD = "rehearsal-assume-role"

    def __init__(self, source: boto3.Session, role_arn: str) -> None:
        super().__init__()
        self._source, self._role_arn = source, role_arn

    def load(self) -> DeferredRefreshableCredentials:
        return DeferredRefreshableCredentials(refresh_using=self._fetch, method=self.METHOD)

    def _fetch(self) -> dict[str, str]:
        with aws_errors(f"taking on role {self._role_arn}"):
            given = self._source.client("sts").assume_role(
                RoleArn=self._role_arn, RoleSessionName="sagemaker-rehearsal"
            )["Credentials"]
        return {
            "access_key": given["AccessKeyId"],
            "secret_key": given["SecretAccessKey"],
            "token": given["SessionToken"],
            "expiry_time": given["Expiration"].isoformat(),
        }


def _config(target: Target) -> Config:
    if not target.is_local:
        return Config(retries={"mode": "standard", "total_max_attempts": 5}, user_agent_extra="sagemaker-rehearsal")
    return Config(
        retries={"mode": "standard", "total_max_attempts": 2},
        connect_timeout=5,
        proxies={},  # a proxy from the environment could not reach 127.0.0.1
        s3={"addressing_style": "path"},
        user_agent_extra="sagemaker-rehearsal",
    )


@contextmanager
def aws_errors(doing: str) -> Iterator[None]:
    """Turn botocore's errors into AwsRefused with what was being done, AWS's code and message, and the next step."""
    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        answer = str(error.response.get("Error", {}).get("Message", ""))
        raise AwsRefused(
            f"{doing}: {error.operation_name} was refused with {code}: {answer}{_next_step(code, answer)}",
            code=code,
            answer=answer,
        ) from error
    except BotoCoreError as error:
        raise AwsRefused(f"{doing}: {error}{_next_step(type(error).__name__, '')}") from error


_NEXT_STEPS = (
    (
        "ResourceLimitExceeded",
        "Ask for more: Service Quotas > Amazon SageMaker > '<type> for endpoint usage'",
    ),
    ("AccessDenied", "`deploy policy` prints what the deployer and the execution role need"),
    ("ExpiredToken", "Sign in again (`aws sso login`)"),
    ("InvalidClientTokenId", "Check which credentials are active with `aws sts get-caller-identity`"),
    ("NoCredentials", "Name a profile with --profile, or sign in (`aws sso login`)"),
    ("TokenRetrieval", "Sign in again (`aws sso login`)"),
    ("SSO", "Sign in again (`aws sso login`)"),
    ("ProfileNotFound", "`aws configure list-profiles` prints the profiles there are"),
    ("EndpointConnectionError", "Nothing answers at that address: is the service running, is the region right?"),
    ("ConnectTimeout", "Nothing answers at that address: is the service running, is the region right?"),
    ("Throttling", "AWS asks for patience: run the command again"),
)


def _next_step(code: str, answer: str) -> str:
    step = next((step for key, step in _NEXT_STEPS if key in code or key in answer), "")
    return f". {step}" if step else ""
