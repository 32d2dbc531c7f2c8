"""The seam `LocalCloud`: S3, SNS, SQS, STS, IAM, CloudWatch and KMS at one address, ours or the user's.

Owns the seam and the choice between its kinds: embedded (a LocalStack process of ours), docker (a LocalStack container
of ours) and external (an address that the user gives). It creates nothing in the cloud.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from harness.core.errors import MachineCannot
from harness.local_cloud.clients import DEFAULT_ACCOUNT_ID, DEFAULT_REGION, local_client
from harness.local_cloud.localstack import start_embedded


class LocalCloud(Protocol):
    @property
    def kind(self) -> str:
        """`embedded`, `docker` or `external`."""
        ...

    @property
    def url(self) -> str: ...

    @property
    def region(self) -> str: ...

    @property
    def account_id(self) -> str: ...

    def ended(self) -> str | None:
        """How it ended by itself, in words; None while it runs, or where that cannot be known."""
        ...

    def stop(self) -> None:
        """Stop what was started; an external cloud keeps running. Safe to call twice."""
        ...

    def __enter__(self) -> LocalCloud: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None: ...


@dataclass(frozen=True)
class ExternalCloud:
    url: str
    region: str
    account_id: str
    kind: str = "external"

    def ended(self) -> None:
        """The user runs this cloud, and knows."""

    def stop(self) -> None:
        """Do nothing: the user runs this cloud."""

    def __enter__(self) -> ExternalCloud:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()


@dataclass(frozen=True)
class CloudAsked:
    """What the command line asks for: the address of a running cloud, or the kind to start."""

    url: str | None = None
    kind: Literal["embedded", "docker"] = "embedded"
    allowed_hosts: tuple[str, ...] = ()
    """Names by which an embedded one may be called besides loopback ones."""


EMBEDDED = CloudAsked()


def open_cloud(
    asked: CloudAsked,
    *,
    state_dir: Path,
    region: str = DEFAULT_REGION,
    session_id: str = "cloud",
    progress: Callable[[str], None] = lambda _: None,
) -> LocalCloud:
    """The cloud at the given address, once it has answered; without an address, a LocalStack of ours, healthy.

    Raises MachineCannot when it does not answer or cannot start, ConfigurationError when the address is AWS's.
    """
    if asked.url is not None:
        return connect(asked.url, region=region)
    if asked.kind == "docker":
        from harness.local_cloud.compose import start_compose

        return start_compose(session_id, region=region, progress=progress)
    return start_embedded(state_dir=state_dir, region=region, allowed_hosts=asked.allowed_hosts, progress=progress)


def connect(cloud_url: str, *, region: str = DEFAULT_REGION) -> ExternalCloud:
    """The cloud that the user runs, once it has listed its buckets, which every use needs, and named its account."""
    url = cloud_url.rstrip("/")
    try:
        local_client("s3", endpoint_url=url, region=region).list_buckets()
    except (BotoCoreError, ClientError, ValueError) as error:
        raise MachineCannot(
            f"no S3 answers at {url} ({error}); start that cloud, or leave out --cloud-url to have one started"
        ) from error
    return ExternalCloud(url, region, _account_id(url, region))


def _account_id(url: str, region: str) -> str:
    try:
        return local_client("sts", endpoint_url=url, region=region).get_caller_identity()["Account"]
    except (BotoCoreError, ClientError):
        return DEFAULT_ACCOUNT_ID
