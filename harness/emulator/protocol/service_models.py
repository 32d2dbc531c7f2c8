"""botocore's service models: the source of every shape, location and constraint."""

from __future__ import annotations

import re
from functools import cache

from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel

# The table of operations names services by these constants, which are botocore's names.
SAGEMAKER, RUNTIME, AUTO_SCALING, LOGS = "sagemaker", "sagemaker-runtime", "application-autoscaling", "logs"


@cache
def service(name: str) -> ServiceModel:
    return ServiceModel(Loader().load_service_model(name, "service-2"), name)


def protocol(service_name: str) -> str:
    """`json` (with X-Amz-Target) or `rest-json`, in botocore's words."""
    return str(service(service_name).metadata["protocol"])


def target_prefix(service_name: str) -> str | None:
    """The prefix of X-Amz-Target; None for a service whose protocol is not `json`."""
    prefix: str | None = service(service_name).metadata.get("targetPrefix")
    return prefix


@cache
def operation(service_name: str, operation_name: str) -> OperationModel | None:
    model = service(service_name)
    return model.operation_model(operation_name) if operation_name in model.operation_names else None


# Java writes characters beyond U+FFFF as surrogate pairs; Python would read them as a reversed range.
_ANY_XML_TEXT = r"[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\r\n\t]*"

_JAVA_TO_PYTHON = (
    (_ANY_XML_TEXT, "[\u0020-\ufffd\U00010000-\U0010ffff\r\n\t]*"),
    (r"\p{Print}+", r"[\x20-\x7e]+"),
    (r"\p{ASCII}", r"[\x00-\x7f]"),
    (r"\p{Print}", r"\x20-\x7e"),
    (r"\p{L}", r"\w"),
    (r"\p{N}", r"\d"),
    (r"\p{Z}", r"\s"),
    (r"\p{M}", "\u0300-\u036f"),
    (r"\p{S}", "$+<=>^`|~"),
    (r"\p{P}", r"!-/:-@\[-`{-~"),
    (r"\z", r"\Z"),
)


@cache
def pattern(java: str) -> re.Pattern[str]:
    """Translate a model's Java regular expression to Python's; Unicode classes become the nearest equivalent."""
    python = java
    for theirs, ours in _JAVA_TO_PYTHON:
        python = python.replace(theirs, ours)
    return re.compile(python.replace("0-9-_", r"0-9\-_"))
