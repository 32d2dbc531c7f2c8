"""Compares measurements with the limits in [gates]; without a limit there is no gate."""

from __future__ import annotations

from collections.abc import Sequence

from deploy.evidence import Metric
from deploy.gates import wording
from deploy.gates.evidence import measured, peaks
from deploy.gates.judged import GateInput, Judged


def throughput(gate_input: GateInput) -> Judged | None:
    limit = gate_input.project.gates.min_frames_per_second
    return None if limit is None else held(measured(gate_input.evidence, "frames_per_second"), at_least=limit)


def p95(gate_input: GateInput) -> Judged | None:
    limit = gate_input.project.gates.max_p95_seconds
    return None if limit is None else held(measured(gate_input.evidence, "request_p95_seconds"), at_most=limit)


def memory(gate_input: GateInput) -> Judged | None:
    limit = gate_input.project.gates.max_memory_bytes
    return None if limit is None else held(peaks(gate_input.evidence, "host_bytes"), at_most=limit)


def gpu_memory(gate_input: GateInput) -> Judged | None:
    limit = gate_input.project.gates.max_gpu_memory_bytes
    return None if limit is None else held(peaks(gate_input.evidence, "gpu_bytes"), at_most=limit)


def held(metrics: Sequence[Metric], *, at_least: float | None = None, at_most: float | None = None) -> Judged:
    """The worst measurement decides; a missing one makes the gate inconclusive."""
    values = [metric.value for metric in metrics if metric.value is not None]
    if not values or len(values) < len(metrics):
        return Judged("inconclusive", "was not measured: a benchmark or a newer evidence is needed")
    name = metrics[0].name
    worst = min(values) if at_least is not None else max(values)
    good = (at_least is None or worst >= at_least) and (at_most is None or worst <= at_most)
    limit = ("at least", at_least) if at_least is not None else ("at most", at_most)
    demanded = f"{limit[0]} {wording.value(name, limit[1])}"
    reason = f"{wording.called(name)}{wording.value(name, worst)}, demanded is {demanded}"
    return Judged("passed" if good else "failed", reason)
