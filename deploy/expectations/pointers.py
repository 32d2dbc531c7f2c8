"""What a JSON pointer (RFC 6901) names in a document."""

from __future__ import annotations

import re
from typing import Any

_INDEX = re.compile(r"0|[1-9][0-9]*")


class NotThereError(LookupError):
    """The document has nothing at the pointer; the message says how far it could be followed."""


def resolve(document: Any, pointer: str) -> Any:
    """The value at `pointer`; the empty pointer names the whole document. Raises NotThereError."""
    found, walked = document, ""
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        found = _step(found, key, walked)
        walked = f"{walked}/{part}"
    return found


def escaped(key: str) -> str:
    """A key as a part of a pointer."""
    return key.replace("~", "~0").replace("/", "~1")


def _step(value: Any, key: str, walked: str) -> Any:
    where = walked or "the answer"
    if isinstance(value, dict):
        if key in value:
            return value[key]
        raise NotThereError(f"{where} has no key {key!r}{_keys(value)}")
    if isinstance(value, list):
        if _INDEX.fullmatch(key) and int(key) < len(value):
            return value[int(key)]
        raise NotThereError(f"{where} is a list of {len(value)} and has no item {key!r}")
    raise NotThereError(f"{where} is {kind(value)}, which has nothing below it")


def _keys(value: dict[str, Any]) -> str:
    shown = ", ".join(list(value)[:8])
    return f" (its keys: {shown}{', ...' if len(value) > 8 else ''})" if value else " (it is empty)"


def kind(value: Any) -> str:
    """JSON's word for a value's type."""
    if value is None:
        return "null"
    words = ((bool, "a boolean"), (int | float, "a number"), (str, "a text"), (list, "a list"), (dict, "an object"))
    return next(word for types, word in words if isinstance(value, types))
