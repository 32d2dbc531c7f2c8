"""The answer to a caller: status, headers and body."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes


def reply(status: int, content_type: str, body: bytes, more_headers: Mapping[str, str] | None = None) -> Reply:
    """Add the request id that every answer of AWS carries."""
    headers = {"Content-Type": content_type, "x-amzn-RequestId": str(uuid.uuid4()), **(more_headers or {})}
    return Reply(status, headers, body)
