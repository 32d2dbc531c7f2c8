"""JSON as text that compares well: keys in order, a line for each thing that fits on one, and never another order."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

WIDTH = 110


def laid_out(value: Any, indent: int = 0, *, width: int = WIDTH) -> str:
    """`value` as JSON; what does not fit on a line is opened, one item a line. `indent` is that of its first line.

    Objects are sorted by their keys: a handler need not have an order.
    """
    return _Layout(width, in_ascii=not _is_unicode(value)).of(value, indent)


@dataclass(frozen=True)
class _Layout:
    width: int
    in_ascii: bool

    def of(self, value: Any, indent: int) -> str:
        flat = json.dumps(value, sort_keys=True, ensure_ascii=self.in_ascii, allow_nan=False)
        if not isinstance(value, dict | list) or not value or indent + len(flat) <= self.width:
            return flat
        opening, closing = "{}" if isinstance(value, dict) else "[]"
        inside = ",\n".join(" " * (indent + 1) + item for item in self._items(value, indent + 1))
        return f"{opening}\n{inside}\n{' ' * indent}{closing}"

    def _items(self, value: dict[str, Any] | list[Any], indent: int) -> Iterator[str]:
        if isinstance(value, dict):
            for key in sorted(value):
                yield f"{json.dumps(key, ensure_ascii=self.in_ascii)}: {self.of(value[key], indent)}"
        else:
            yield from (self.of(item, indent) for item in value)


def _is_unicode(value: Any) -> bool:
    """Whether it can be written in UTF-8 as it is: JSON may hold halves of surrogate pairs, which are no characters."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True
