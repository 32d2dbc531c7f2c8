"""What a check, a rule or a diagnosis has to say: the one noun for it, in evidence and in code."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from deploy.evidence.record import LongText, ReadableText, Record

Severity = Literal["error", "warning", "info"]


class Finding(Record):
    """`check` names what was looked at (`known_answer.channels`), `message` says what is so and `where`; `advice` is
    the next step. Only an `error` keeps a promotion back.
    """

    check: str
    severity: Severity
    message: LongText
    where: ReadableText | None = None
    advice: LongText | None = None


def passed(findings: Iterable[Finding]) -> bool:
    """A check returns its findings; without an `error` among them it has passed."""
    return all(finding.severity != "error" for finding in findings)
