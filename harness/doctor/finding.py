"""What a check of this machine found."""

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
    """What to do, in one line; empty when nothing is to be done."""


def ok(check: str, message: str) -> Finding:
    return Finding(check, "ok", message)


def bad(check: str, message: str, fix: str, *, fatal: bool) -> Finding:
    """A failure where the asked runtime cannot do without it, else a warning."""
    return Finding(check, "fail" if fatal else "warn", message, fix)
