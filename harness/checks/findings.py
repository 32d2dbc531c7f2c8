"""What a check has to say. A check returns a tuple of findings; without an `error` among them it has passed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "info"]


@dataclass(frozen=True)
class Finding:
    """`check` names what was looked at (`known_answer.channels`); `message` says what is so, `advice` the next step."""

    check: str
    severity: Severity
    message: str
    where: str | None = None
    advice: str | None = None


def passed(findings: Iterable[Finding]) -> bool:
    return all(finding.severity != "error" for finding in findings)
