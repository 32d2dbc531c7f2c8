"""What a check of this machine found: `info` where all is well, `error` where nothing can be run."""

from __future__ import annotations

from typing import Final, Literal

from deploy.evidence import Finding, Severity

Level = Literal["ok", "warn", "fail"]
# The words of `rehearsal.doctor/1` for a severity.
LEVELS: Final[dict[Severity, Level]] = {"info": "ok", "warning": "warn", "error": "fail"}


def ok(check: str, message: str) -> Finding:
    return Finding(check=check, severity="info", message=message)


def bad(check: str, message: str, fix: str, *, fatal: bool) -> Finding:
    """An error where the asked runtime cannot do without it, else a warning; `fix` is one line."""
    return Finding(check=check, severity="error" if fatal else "warning", message=message, advice=fix)


def level(finding: Finding) -> Level:
    return LEVELS[finding.severity]
