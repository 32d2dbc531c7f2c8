"""Defines the input of a gate and its answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

from deploy.bundle import Bundle
from deploy.config import Project
from deploy.evidence.record import Judgement
from deploy.gates.evidence import Evidence
from deploy.signatures.keys import PublicKey

GateOutcome = Literal[Judgement, "overridden"]


@dataclass(frozen=True)
class GateInput:
    """Everything that the gates judge."""

    project: Project
    bundle: Bundle
    evidence: Sequence[Evidence]
    now: datetime
    target_is_local: bool
    trusted: Sequence[PublicKey] = ()
    """The keys whose evidence may be promoted to AWS."""


class Judged(NamedTuple):
    """A gate's answer."""

    outcome: Judgement
    reason: str
    """The measured value against the demanded one."""


@dataclass(frozen=True)
class GateVerdict:
    gate: str
    outcome: GateOutcome
    reason: str
    """The measured value against the demanded one; for an override also the reason for it."""

    @property
    def allows(self) -> bool:
        return self.outcome in ("passed", "overridden")


def unless(complaints: Sequence[str], fine: str) -> Judged:
    """Failed with every complaint; passed with the reason `fine` when there is none."""
    return Judged("failed", "; ".join(complaints)) if complaints else Judged("passed", fine)
