"""The only module of the harness that makes boto3 clients. They reach the local cloud only.

They read nothing of the user's AWS configuration: no profile, no credentials, no endpoint, region or proxy variable.
`localstack_client.session.Session` obeys AWS_PROFILE and lets AWS_ENDPOINT_URL win over the address it was given, so
it makes no client here; that package only gives the dummy credentials.
"""

from __future__ import annotations

import os
import threading
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, overload
from urllib.parse import urlsplit

import boto3
import botocore.session
from botocore.config import Config
from localstack_client.patch import DEFAULT_ACCESS_KEY_ID, DEFAULT_SECRET_ACCESS_KEY

from harness.core.errors import ConfigurationError

if TYPE_CHECKING:
    from mypy_boto3_application_autoscaling import ApplicationAutoScalingClient
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sagemaker_runtime import SageMakerRuntimeClient
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sts import STSClient

DEFAULT_REGION = "us-east-1"
# LocalStack's account for the access key `test`.
DEFAULT_ACCOUNT_ID = "000000000000"
_AWS_DOMAINS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws", ".aws.dev")
# A boto3 session makes clients in one thread at a time; the clients themselves are thread-safe.
_making = threading.Lock()


@overload
def local_client(service: Literal["s3"], *, endpoint_url: str, region: str = ...) -> S3Client: ...
@overload
def local_client(service: Literal["sns"], *, endpoint_url: str, region: str = ...) -> SNSClient: ...
@overload
def local_client(service: Literal["sqs"], *, endpoint_url: str, region: str = ...) -> SQSClient: ...
@overload
def local_client(service: Literal["sts"], *, endpoint_url: str, region: str = ...) -> STSClient: ...
@overload
def local_client(service: Literal["cloudwatch"], *, endpoint_url: str, region: str = ...) -> CloudWatchClient: ...
@overload
def local_client(service: Literal["sagemaker"], *, endpoint_url: str, region: str = ...) -> SageMakerClient: ...
@overload
def local_client(
    service: Literal["sagemaker-runtime"], *, endpoint_url: str, region: str = ...
) -> SageMakerRuntimeClient: ...
@overload
def local_client(
    service: Literal["application-autoscaling"], *, endpoint_url: str, region: str = ...
) -> ApplicationAutoScalingClient: ...
@overload
def local_client(service: str, *, endpoint_url: str, region: str = ...) -> Any: ...
def local_client(service: str, *, endpoint_url: str, region: str = DEFAULT_REGION) -> Any:
    """A boto3 client of the local cloud at `endpoint_url`; raises ConfigurationError when that is AWS itself."""
    refuse_aws(endpoint_url)
    with _making:
        client: Any = _session().client  # typed per service, and here the service is a variable
        return client(
            service,
            endpoint_url=endpoint_url,
            region_name=region,
            aws_access_key_id=DEFAULT_ACCESS_KEY_ID,
            aws_secret_access_key=DEFAULT_SECRET_ACCESS_KEY,
            config=_config(),
        )


def dummy_credentials() -> dict[str, str]:
    """The variables a user exports to talk to the local cloud with any SDK."""
    return {"AWS_ACCESS_KEY_ID": DEFAULT_ACCESS_KEY_ID, "AWS_SECRET_ACCESS_KEY": DEFAULT_SECRET_ACCESS_KEY}


def refuse_aws(endpoint_url: str) -> None:
    """Raises ConfigurationError for an address of AWS: resources are made without asking, and there they cost money."""
    parts = urlsplit(endpoint_url)
    host = (parts.hostname or "").rstrip(".").lower()
    if parts.scheme not in ("http", "https") or not host:
        raise ConfigurationError(f"{endpoint_url!r} is no address of a local cloud; give http://HOST:PORT")
    if f".{host}".endswith(_AWS_DOMAINS):
        raise ConfigurationError(f"{endpoint_url} is AWS itself; the harness talks to a local cloud only")


def _config() -> Config:
    return Config(
        signature_version="v4",
        s3={"addressing_style": "path"},
        connect_timeout=5,
        read_timeout=120,
        retries={"mode": "standard", "total_max_attempts": 3},
        max_pool_connections=32,
        inject_host_prefix=False,
        proxies={},
    )


@lru_cache(maxsize=1)
def _session() -> boto3.Session:
    nothing = (None, None, None, None)  # configuration key, variable, default, conversion
    missing = (None, None, os.devnull, None)
    hermetic = {
        "profile": nothing,
        "ca_bundle": nothing,
        "defaults_mode": (None, None, "legacy", None),
        "config_file": missing,
        "credentials_file": missing,
    }
    return boto3.Session(botocore_session=botocore.session.Session(session_vars=hermetic))
