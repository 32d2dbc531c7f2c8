"""Reads a code, where there is one, and a message from a failed request's body, whichever layer wrote it.

The handler answers `{"error": {"code", "message"}}`, TorchServe `{"code", "type", "message"}`, the SageMaker toolkit a
message and a traceback, the platform a sentence. The functions are pure.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

_TRACEBACK = "Traceback (most recent call last):"
_EXCEPTION = re.compile(r"^(?P<code>[A-Za-z_][\w.]*): (?P<message>.*)$")
_STATUS = re.compile(r"Received (?:client|server) error \((\d+)\)")
# Addresses, paths and numbers such as times differ between runs of the same failure.
_VOLATILE = re.compile(r"0x[0-9a-f]+|/[^\s:'\",]+|\d+(?:\.\d+)?")


@dataclass(frozen=True)
class Failure:
    code: str | None
    message: str
    status: int | None = None
    """HTTP status of the container's answer; 0 when it gave none; None when it is unknown."""

    def is_same_as(self, other: Failure) -> bool:
        """Whether code, message and, where both are known, status agree; numbers and paths in it may differ."""
        knows_both = self.status is not None and other.status is not None
        if self.code != other.code or (knows_both and self.status != other.status):
            return False
        return _stable(self.message) == _stable(other.message)


def understood(body: bytes, *, status: int | None = None) -> Failure:
    text = body.decode("utf-8", "replace").strip()
    status = status if status is not None else status_in(text)
    try:
        document = json.loads(text)
    except ValueError:
        return _of_text(text, status)
    return _of_json(document, status) or Failure(None, text, status)


def status_in(text: str) -> int | None:
    """The HTTP status in SageMaker's own message, in notifications and data-logs."""
    found = _STATUS.search(text)
    return int(found[1]) if found else None


def _of_json(document: Any, status: int | None) -> Failure | None:
    if not isinstance(document, dict):
        return None
    error = document.get("error", document)
    if not isinstance(error, dict) or "message" not in error:
        return None
    code = error.get("type", error.get("code"))
    return Failure(None if code is None else str(code), str(error["message"]), status)


def _of_text(text: str, status: int | None) -> Failure:
    """Read plain text; a traceback's message is its last line, which names the exception."""
    lines = [line for line in text.splitlines() if line.strip()]
    if _TRACEBACK not in text:
        return Failure(None, text or "no reason given", status)
    exception = _EXCEPTION.match(lines[-1])
    return Failure(exception["code"], exception["message"], status) if exception else Failure(None, lines[-1], status)


def _stable(message: str) -> str:
    return " ".join(_VOLATILE.sub("#", message).split())
