"""Findings of a golden, in bounds: whatever an answer holds, a reader gets a page of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from deploy.evidence import Finding
from deploy.evidence.findings import Severity

# So many findings of one kind are told; the rest are counted.
MOST = 20
_MOST_CHARACTERS = 400


@dataclass(frozen=True)
class Verdict:
    """`frames` are the indices of the frames that drifted; `said` is what was compared, for a golden that is met."""

    findings: tuple[Finding, ...] = ()
    metrics: tuple[tuple[str, float], ...] = ()
    """Name and value, in the order in which they are shown."""
    limits: tuple[tuple[str, str, float], ...] = ()
    """Name, `at_least` or `at_most`, and the limit."""
    frames: frozenset[int] = frozenset()
    said: str = ""


def finding(check: str, message: str, *, where: str | None = None, severity: Severity = "error") -> Finding:
    place = None if where is None else cut(where)
    return Finding(check=f"golden.{check}", severity=severity, message=cut(message), where=place)


def bounded(found: Iterable[Finding], what: str) -> Iterator[Finding]:
    """The first findings of one kind, and the number of the others, which are of the same check."""
    told = iter(found)
    first = list(islice(told, MOST))
    yield from first
    rest = list(told)
    if rest:
        gravest: Severity = "error" if any(each.severity == "error" for each in rest) else "warning"
        yield Finding(check=rest[0].check, severity=gravest, message=f"and {len(rest)} more {what}")


def cut(text: str) -> str:
    """In bounds, and without what would steer a terminal: labels and texts are the answer's own."""
    plain = "".join(sign if sign.isprintable() else " " for sign in text[: _MOST_CHARACTERS + 1])
    return plain if len(plain) <= _MOST_CHARACTERS else f"{plain[:_MOST_CHARACTERS]}..."


def listed(things: Sequence[str], most: int = 4) -> str:
    more = f" and {len(things) - most} more" if len(things) > most else ""
    return f"{', '.join(things[:most])}{more}"
