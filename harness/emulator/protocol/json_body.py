"""The JSON document of a request, read strictly: what Python's reader takes beyond JSON is refused."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator

from harness.emulator.protocol import faults, values
from harness.emulator.protocol.shapes import Document

# AWS's deepest request has fewer than 20 levels; Python's reader and writer end with RecursionError near 1,000.
DEEPEST = 100


def read(body: bytes) -> Document:
    """The members of a request without those that are null, which AWS treats as absent. An empty body has none.

    Of equal names the last counts. Raises AwsFault.
    """
    if not body:
        return {}
    try:
        document = json.loads(body, parse_constant=_no_constant, parse_float=_finite)
    except (ValueError, RecursionError):
        raise faults.unreadable("The request body is not JSON.") from None
    if not isinstance(document, dict):
        raise faults.unreadable("The request body is not a JSON object.")
    return dict(_members(document, 1))


def _no_constant(name: str) -> float:
    """Refuse NaN and Infinity, which Python reads and JSON does not have."""
    raise ValueError(name)


def _finite(text: str) -> float:
    """Refuse 1e400, which Python reads as infinity."""
    number = float(text)
    if math.isinf(number):
        raise ValueError(text)
    return number


def _members(document: dict[str, object], depth: int) -> Iterator[tuple[str, object]]:
    """Names and values without those that are null."""
    for name, value in document.items():
        if value is not None:
            yield _whole(name), _cleaned(value, depth + 1)


def _cleaned(value: object, depth: int) -> object:
    if isinstance(value, dict | list) and depth > DEEPEST:
        raise faults.unreadable(f"The request body is nested deeper than {DEEPEST} levels.")
    if isinstance(value, dict):
        return dict(_members(value, depth))
    if isinstance(value, list):
        return [_cleaned(inner, depth + 1) for inner in value]
    return _whole(value) if isinstance(value, str) else value


def _whole(text: str) -> str:
    if not values.is_text(text):
        raise faults.unreadable("The request body has half a character (a lone surrogate).")
    return text
