"""Every rule over one subject. Owns the order of the findings, and the finding on what cannot be read at all."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from deploy.evidence import Finding
from harness.preflight.rules.registry import RULES
from harness.preflight.rules.rule import Rule
from harness.preflight.subject import Unreadable, open_subject

# No rule can judge what cannot be read, so this finding belongs to none of them.
UNREADABLE = "R100"


def check(path: Path, *, entry_point: str = "inference.py", rules: Sequence[Rule] = RULES) -> tuple[Finding, ...]:
    """The findings on a model folder or archive, rule by rule; empty when nothing is wrong.

    A damaged archive is a finding. Raises ConfigurationError when there is nothing at `path`.
    """
    subject = open_subject(path, entry_point=entry_point)
    try:
        return tuple(finding for rule in rules for finding in rule.check(subject))
    except Unreadable as error:
        return (Finding(check=UNREADABLE, severity="error", message=str(error), where=path.name, advice=error.advice),)
