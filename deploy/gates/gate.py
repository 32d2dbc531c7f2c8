"""Judges whether the evidence allows this bundle, with this configuration, to be promoted (`deploy gate`).

Every gate of the registry runs; missing and inconclusive evidence blocks like a failure. What no gate checks is not
proven. May not: make evidence, or change it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from deploy.config.spelling import did_you_mean
from deploy.core.errors import ConfigurationError, GateRefused
from deploy.gates import registry
from deploy.gates.evidence import Evidence, measured, read_evidence
from deploy.gates.judged import GateInput, GateOutcome, GateVerdict

__all__ = ["Evidence", "GateInput", "GateOutcome", "GateVerdict", "gate", "measured", "read_evidence", "require_open"]


def gate(gate_input: GateInput, overrides: Mapping[str, str] | None = None) -> tuple[GateVerdict, ...]:
    """Every gate's verdict, in a fixed order; `overrides` maps gates to the reason for letting them pass anyway.

    Raises ConfigurationError for an override of an unknown gate, or of one that may not be overridden.
    """
    overrides, verdicts, fixed = overrides or {}, [], set()
    for each in registry.asked(gate_input):
        judged = each.judge(gate_input)
        if judged is not None:
            verdicts.append(GateVerdict(each.name, judged.outcome, judged.reason))
            fixed |= {each.name} if _is_fixed(each, gate_input) else set()
    _require_overridable(overrides, [verdict.gate for verdict in verdicts], fixed)
    return tuple(_overridden(verdict, overrides.get(verdict.gate)) for verdict in verdicts)


def _is_fixed(each: registry.Gate, gate_input: GateInput) -> bool:
    return not each.may_be_overridden or (each.fixed_on_aws and not gate_input.target_is_local)


def require_open(verdicts: Sequence[GateVerdict]) -> None:
    """Raises GateRefused naming every gate that is shut."""
    shut = [verdict for verdict in verdicts if not verdict.allows]
    if shut:
        reasons = "\n".join(f"  {verdict.gate}: {verdict.reason}" for verdict in shut)
        raise GateRefused(
            f"the evidence does not allow this promotion:\n{reasons}\n"
            "Correct the cause and make new evidence, or take the responsibility: --override GATE --because TEXT"
        )


def _require_overridable(overrides: Mapping[str, str], here: Sequence[str], fixed: set[str]) -> None:
    unknown = sorted(set(overrides) - set(here))
    if unknown:
        close = did_you_mean(unknown[0], here)
        raise ConfigurationError(
            f"there is no gate {', '.join(unknown)} to override (gates here: {', '.join(here)}){close}"
        )
    refused = sorted(set(overrides) & fixed)
    if refused:
        raise ConfigurationError(f"gate {', '.join(refused)} may not be overridden: correct the cause")


def _overridden(verdict: GateVerdict, because: str | None) -> GateVerdict:
    if because is None or verdict.allows:
        return verdict
    return replace(verdict, outcome="overridden", reason=f"{verdict.reason}; overridden because: {because}")
