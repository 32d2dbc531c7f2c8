"""Can SageMaker take the execution role on? Asked before anything is created, since AWS says no only minutes later."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from deploy.aws import Clients, aws_errors
from deploy.errors import AwsRefused, ConfigurationError

_SERVICE = "sagemaker.amazonaws.com"


def require_assumable(clients: Clients, role_arn: str) -> None:
    """Raises ConfigurationError when the role is not there or does not trust SageMaker.

    A local cloud has no roles; without permission to look nothing is refused.
    """
    if clients.target.is_local:
        return
    name = role_arn.rsplit("/", 1)[-1]
    try:
        with aws_errors(f"looking at role {name}"):
            trust = clients.iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    except AwsRefused as refused:
        if refused.code != "NoSuchEntity":
            return
        raise ConfigurationError(
            f"role {role_arn} does not exist: create the foundation first (deploy/terraform), or correct "
            "endpoint.role_arn"
        ) from refused
    if not any(_lets_in(statement) for statement in _listed(trust["Statement"])):
        raise ConfigurationError(
            f"role {role_arn} does not let {_SERVICE} take it on: `deploy policy` prints the trust policy it needs"
        )


def _lets_in(statement: Mapping[str, Any]) -> bool:
    principal = statement.get("Principal", {})
    services = _listed(principal.get("Service", ())) if isinstance(principal, Mapping) else ()
    allowed = {"sts:AssumeRole", "sts:*", "*"} & set(_listed(statement.get("Action", ())))
    return statement.get("Effect") == "Allow" and _SERVICE in services and bool(allowed)


def _listed(value: Any) -> Iterable[Any]:
    """IAM writes a list of one as its only element."""
    return (value,) if isinstance(value, str | Mapping) else value
