"""Reads a request's headers from the SageMaker toolkit's context, and returns errors through it.

Owns: the request context (TorchServe's `ts.context.Context`), the CustomAttributes header, the status of an answer.
May not: depend on video or models.

An exception that passes through the toolkit reaches the client with a traceback appended to its message
(`Transformer.handle_error`), and one that is not the toolkit's own is a 500. So errors are answered here: the status
is set on the context, as the toolkit itself does, and the body is one line of JSON.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Protocol

from detector.core.errors import DetectorError, RequestError

logger = logging.getLogger(__name__)

CUSTOM_ATTRIBUTES_HEADER = "x-amzn-sagemaker-custom-attributes"


class Context(Protocol):
    """The part of TorchServe's context that is used here. `idx` is the request's place in the server's batch."""

    @property
    def system_properties(self) -> Mapping[str, Any]: ...

    def get_all_request_header(self, idx: int) -> Mapping[str, Any]: ...

    def set_response_status(self, code: int = 200, phrase: str = "", idx: int = 0) -> None: ...


def gpu_index(context: Context | None) -> int | None:
    """The GPU that TorchServe gave this worker; None without one (TorchServe's value is -1 or None then)."""
    index = context.system_properties.get("gpu_id") if context else None
    return None if index is None or int(index) < 0 else int(index)


def custom_attributes(context: Context | None) -> str | None:
    """The CustomAttributes of the request, verbatim; header names come as the client spelt them."""
    headers = context.get_all_request_header(0) if context else {}
    return next((value for name, value in headers.items() if name.lower() == CUSTOM_ATTRIBUTES_HEADER), None)


def answered(context: Context | None, work: Callable[[], tuple[bytes, str]]) -> tuple[bytes, str]:
    """The body and content type of `work`, or of its error, whose status is then set on the context.

    Without a context the error is raised, since there is no status to set.
    """
    try:
        return work()
    except Exception as error:
        if context is None:
            raise
        _log(error)
        status = error.status if isinstance(error, DetectorError) else DetectorError.status
        context.set_response_status(status, HTTPStatus(status).phrase)
        return error_body(error), "application/json"


def error_body(error: Exception) -> bytes:
    """`{"error":{"code":...,"message":...}}` in one line."""
    if isinstance(error, DetectorError):
        code, message = error.code, str(error)
    else:
        code, message = DetectorError.code, f"{type(error).__name__}: {error}"
    return json.dumps({"error": {"code": code, "message": message}}, separators=(",", ":")).encode()


def _log(error: Exception) -> None:
    if isinstance(error, RequestError):
        logger.warning("refused (%s): %s", error.code, error)
    else:
        logger.error("failed", exc_info=error)
