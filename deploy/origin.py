"""`deploy config --origin`: every setting in force, and whether default, file or environment table set it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy import config


@dataclass(frozen=True)
class Value:
    key: str
    value: Any
    origin: str
    """`default`, the file, or `[env.NAME]` in it."""


def values(path: Path, environment: str | None) -> tuple[Value, ...]:
    """In the order of the sections; raises what config.load raises."""
    document = config.document(path, environment)
    raw = config.tables(path)
    overlay = raw.pop("env", {}).get(environment or "", {})
    flat = _flat(document.model_dump(mode="json", by_alias=True))
    return tuple(Value(".".join(key), value, _origin(key, raw, overlay, path, environment)) for key, value in flat)


def _flat(table: Mapping[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, value in table.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, (*above, name))
        else:
            yield (*above, name), value


def _origin(
    key: tuple[str, ...], raw: Mapping[str, Any], overlay: Mapping[str, Any], path: Path, environment: str | None
) -> str:
    if _has(overlay, key):
        return f"{path.name} [env.{environment}]"
    return path.name if _has(raw, key) else "default"


def _has(table: Any, key: tuple[str, ...]) -> bool:
    for part in key:
        if not isinstance(table, Mapping) or part not in table:
            return False
        table = table[part]
    return True
