"""AWS's registry: which one may be logged in to, and the pull of an official image.

Nothing else in the harness uses real AWS. A password is requested and sent only when the reference's host is literally
an ECR host of AWS and the account is the one AWS publishes for that region: an image name that only resembles one gets
nothing. The password stays in memory.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from harness.core.errors import ConfigurationError, HarnessError, MachineCannot
from harness.docker.engine import Engine
from harness.serving.images import pulled
from harness.serving.images.pinned import (
    OFFICIAL_REPOSITORY,
    EcrReference,
    PinnedImage,
    official_accounts,
    parse_ecr,
    pin,
)


@dataclass(frozen=True)
class RegistryPassword:
    username: str
    password: str = field(repr=False)
    host: str


def official_registry(reference: str) -> EcrReference:
    """The registry to log in to for an official image; raises ConfigurationError for any other."""
    ecr = parse_ecr(reference)
    if ecr is None:
        raise ConfigurationError(
            f"{reference!r} is not in an AWS registry (ACCOUNT.dkr.ecr.REGION.amazonaws.com/REPOSITORY:TAG); "
            "pull it yourself with `docker pull`, then name it with --image"
        )
    expected = official_accounts().get(ecr.region)
    if expected != ecr.account_id:
        known = f"is {expected}" if expected else "is not known: AWS publishes none"
        raise ConfigurationError(
            f"no log-in to account {ecr.account_id}: AWS's account for {OFFICIAL_REPOSITORY} in {ecr.region} {known}; "
            f"for an image of your own, log in and pull it yourself: {log_in_commands(ecr, reference)}"
        )
    return ecr


def pull_official(
    engine: Engine, reference: str, password_for: Callable[[EcrReference], RegistryPassword] | None = None
) -> PinnedImage:
    """Pull with the user's AWS credentials, and keep which digest the registry gave.

    Raises ConfigurationError, or MachineCannot with the commands that help.
    """
    ecr = official_registry(reference)
    try:
        secret = (password_for or ask_aws)(ecr)
    except (BotoCoreError, ClientError) as error:
        raise MachineCannot(
            f"no AWS credentials that may read {ecr.host} ({error}); get some (`aws configure` or `aws sso login`), "
            f"then: {log_in_commands(ecr, reference)}"
        ) from error
    if secret.host != ecr.host:
        raise HarnessError(f"AWS's password is for {secret.host}, not for {ecr.host}: nothing was sent to either")
    pulled.remember(reference, engine.registry_digest(reference, secret.username, secret.password))
    return pin(engine.pull(reference, secret.username, secret.password))


def log_in_commands(ecr: EcrReference, reference: str) -> str:
    return (
        f"`aws ecr get-login-password --region {ecr.region} "
        f"| docker login --username AWS --password-stdin {ecr.host}`, then `docker pull {reference}`"
    )


def ask_aws(ecr: EcrReference) -> RegistryPassword:
    """The password from AWS itself, even where a local cloud's endpoint variables are set; raises botocore's errors."""
    session = botocore.session.get_session()
    session.set_config_variable("ignore_configured_endpoint_urls", True)
    client: Any = session.create_client("ecr", region_name=ecr.region, config=Config(connect_timeout=10))
    answer = client.get_authorization_token(registryIds=[ecr.account_id])["authorizationData"][0]
    return read_password(answer["authorizationToken"], answer["proxyEndpoint"])


def read_password(token: str, proxy_endpoint: str) -> RegistryPassword:
    """`token` is base64 of `AWS:<password>`."""
    username, _, password = base64.b64decode(token).decode().partition(":")
    return RegistryPassword(username, password, proxy_endpoint.removeprefix("https://").rstrip("/"))
