"""The finding of a check of this machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "warn", "fail"]


@dataclass(frozen=True)
class Finding:
    check: str
    level: Level
    message: str
    fix: str = ""
    """The next step in one line; empty when there is none."""


def ok(check: str, message: str) -> Finding:
    return Finding(check, "ok", message)


def bad(check: str, message: str, fix: str, *, fatal: bool) -> Finding:
    """A `fail` when it is `fatal`, because the asked runtime needs the thing; else a warning."""
    return Finding(check, "fail" if fatal else "warn", message, fix)
