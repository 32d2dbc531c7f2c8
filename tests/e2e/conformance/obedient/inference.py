"""The scripted container as a model, for every container that calls `model_fn` and `transform_fn`, such as AWS's own.

It follows `CustomAttributes`, `key=value;key=value`: `status`, `sleep`, `type`, `empty`, `report` (answers the request
as JSON). Without orders it echoes the body with its content type. The lab's scripted container also knows `drop`,
`chunked` and `hold`, which a model behind TorchServe cannot do; this model refuses them, so that a check which needs
them cannot pass by accident. It imports only the standard library and needs no weights.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

_ATTRIBUTES = "x-amzn-sagemaker-custom-attributes"
_BEYOND_TORCHSERVE = ("drop", "chunked", "hold")


class BeyondTorchServe(Exception):
    """An order that only the lab's scripted container carries out."""


def model_fn(model_dir: str) -> str:
    return model_dir


def transform_fn(
    model: str, data: bytes | bytearray | str | None, content_type: str | None, accept: str, context: Any
) -> tuple[bytes, str]:
    """The toolkit decodes JSON and CSV, passes None for an empty body and its context as fifth parameter."""
    headers = {str(name).lower(): str(value) for name, value in context.get_all_request_header(0).items()}
    orders = dict(pair.partition("=")[::2] for pair in headers.get(_ATTRIBUTES, "").split(";"))
    if unsupported := [order for order in _BEYOND_TORCHSERVE if order in orders]:
        raise BeyondTorchServe(f"a model behind TorchServe cannot do {', '.join(unsupported)}")
    body = data.encode() if isinstance(data, str) else bytes(data or b"")
    time.sleep(float(orders.get("sleep", "0")))
    status = HTTPStatus(int(orders.get("status", "200")))
    context.set_response_status(status.value, status.phrase)
    return _answer(orders, headers, body), orders.get("type") or headers.get("content-type", "application/octet-stream")


def _answer(orders: Mapping[str, str], headers: Mapping[str, str], body: bytes) -> bytes:
    if "empty" in orders:
        return b""
    if "report" not in orders:
        return body
    facts = {"headers": dict(headers), "size": len(body), "sha256": hashlib.sha256(body).hexdigest()}
    return json.dumps(facts).encode()
