"""The instance types that SageMaker has for endpoints, as botocore's model of the service lists them."""

from __future__ import annotations

import json
from pathlib import Path

from deploy.config.spelling import did_you_mean
from deploy.core.errors import ConfigurationError

_LIST = Path(__file__).parents[1] / "data" / "instance_types.json"


def require_known(instance_type: str, where: str) -> None:
    """Raises ConfigurationError for a type that neither the list of this version nor the installed botocore has."""
    listed = json.loads(_LIST.read_text(encoding="utf-8"))["types"]
    if instance_type in listed or instance_type in of_botocore():
        return
    meant = did_you_mean(instance_type, listed) or "."
    raise ConfigurationError(
        f"{where}: SageMaker has no instance type {instance_type!r} for endpoints{meant} If it is a new one, upgrade "
        "botocore, which knows them"
    )


def of_botocore() -> tuple[str, ...]:
    """Takes a tenth of a second: the model of the service is large."""
    from botocore.loaders import Loader

    model = Loader().load_service_model("sagemaker", "service-2")
    return tuple(model["shapes"]["ProductionVariantInstanceType"]["enum"])
