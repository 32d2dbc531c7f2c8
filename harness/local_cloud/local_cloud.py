"""The local cloud: S3, SNS, SQS, STS, IAM and CloudWatch at one address, whoever runs it.

Owns the seam `LocalCloud` and the choice between its kinds: embedded (LocalStack started by us) and external (an
address the user gives). It creates nothing in the cloud.
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

    def stop(self) -> None:
        """Safe to call twice; of an external cloud nothing is stopped."""
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

    def stop(self) -> None:
        """It is the user's: it stays."""

    def __enter__(self) -> ExternalCloud:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()


@dataclass(frozen=True)
class CloudAsked:
    """What the command line says: an address that exists, or what to start."""

    url: str | None = None
    kind: Literal["embedded", "docker"] = "embedded"


EMBEDDED = CloudAsked()


def open_cloud(
    asked: CloudAsked,
    *,
    state_dir: Path,
    region: str = DEFAULT_REGION,
    session_id: str = "cloud",
    progress: Callable[[str], None] = lambda _: None,
) -> LocalCloud:
    """The cloud at the address, verified to answer; without one, a LocalStack of ours, started and healthy.

    Raises MachineCannot when it does not answer or cannot start, ConfigurationError when the address is AWS's.
    """
    if asked.url is not None:
        return connect(asked.url, region=region)
    if asked.kind == "docker":
        from harness.local_cloud.compose import start_compose

        return start_compose(session_id, region=region, progress=progress)
    return start_embedded(state_dir=state_dir, region=region, progress=progress)


def connect(cloud_url: str, *, region: str = DEFAULT_REGION) -> ExternalCloud:
    """A cloud the user runs; asked for its buckets, which every use of it needs, and for its account."""
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
