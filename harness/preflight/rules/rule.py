"""A rule: a number, its summary and explanation, and a function from a subject to problems."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from deploy.evidence import Finding, Severity
from harness.preflight.subject import Subject


@dataclass(frozen=True)
class Problem:
    """A problem at one place, and the next step. `severity` None means the rule's own."""

    message: str
    advice: str
    where: str | None = None
    severity: Severity | None = None


@dataclass(frozen=True)
class Rule:
    """`summary` is one line; `explanation` says why it matters on SageMaker and names the source."""

    id: str
    name: str
    summary: str
    severity: Severity
    explanation: str
    problems: Callable[[Subject], Iterator[Problem]]

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Raises Unreadable when the subject cannot be read."""
        for problem in self.problems(subject):
            severity = problem.severity or self.severity
            yield Finding(
                check=self.id, severity=severity, message=problem.message, where=problem.where, advice=problem.advice
            )
