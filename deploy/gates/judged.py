"""What a gate is given and what it answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

from deploy.bundle import Bundle
from deploy.config import Project
from deploy.evidence.record import Judgement
from deploy.gates.evidence import Evidence

GateOutcome = Literal[Judgement, "overridden"]


@dataclass(frozen=True)
class GateInput:
    """Everything the gates are asked about."""

    project: Project
    bundle: Bundle
    evidence: Sequence[Evidence]
    now: datetime
    target_is_local: bool


class Judged(NamedTuple):
    """A gate's answer."""

    outcome: Judgement
    reason: str
    """What was seen, against what was demanded."""


@dataclass(frozen=True)
class GateVerdict:
    gate: str
    outcome: GateOutcome
    reason: str
    """What was seen, against what was demanded; for an override also because of what."""

    @property
    def allows(self) -> bool:
        return self.outcome in ("passed", "overridden")


def unless(complaints: Sequence[str], fine: str) -> Judged:
    """Failed with every complaint; passed, since it is `fine`, without any."""
    return Judged("failed", "; ".join(complaints)) if complaints else Judged("passed", fine)
