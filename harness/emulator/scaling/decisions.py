"""The capacity that a policy asks for, given the current capacity and the data: pure functions of their arguments.

Sources: Application Auto Scaling user guide, "Target tracking" and "Step scaling".
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

# The threshold of a target tracking policy's low alarm, as a share of the target.
SCALE_IN_SLACK = 0.9
# No target's maximum is above it; a tiny TargetValue alone asks for more, or for infinitely many.
_MOST_INSTANCES = 2**31 - 1


@dataclass(frozen=True)
class Proposal:
    """The capacity that a policy asks for, and the cause in AWS's words."""

    capacity: int
    cause: str
    policy_arn: str
    kind: Literal["step", "target"]


@dataclass(frozen=True)
class LastActivity:
    """A policy's last activity, from which its cooldowns count."""

    at: float
    capacity_before: int
    capacity_after: int


def step_capacity(policy: Mapping[str, Any], current: int, breach: float) -> int | None:
    """Return the capacity after the step whose interval holds `breach` (metric minus threshold), or None."""
    for step in policy.get("StepAdjustments") or ():
        low = step.get("MetricIntervalLowerBound", -math.inf)
        high = step.get("MetricIntervalUpperBound", math.inf)
        is_inside = low <= breach < high if breach >= 0 else low < breach <= high
        if is_inside:
            return _adjusted(policy, current, step["ScalingAdjustment"])
    return None


def _adjusted(policy: Mapping[str, Any], current: int, adjustment: int) -> int:
    kind = policy.get("AdjustmentType", "ChangeInCapacity")
    if kind == "ExactCapacity":
        return max(0, adjustment)
    if kind == "PercentChangeInCapacity":
        return max(0, current + _percent(current, adjustment, policy.get("MinAdjustmentMagnitude", 0)))
    return max(0, current + adjustment)


def _percent(current: int, percent: int, least: int) -> int:
    """Round towards zero, but to at least one, and apply MinAdjustmentMagnitude."""
    exact = current * percent / 100
    whole = int(exact) if abs(exact) > 1 else int(math.copysign(1, exact)) if exact else 0
    return int(math.copysign(max(abs(whole), least), percent))


def target_capacity(current: int, metric: float, target: float) -> int:
    """Return the number of instances that brings the metric to its target. At zero, one is assumed."""
    exact = min(max(1, current) * metric / target, _MOST_INSTANCES)
    return math.ceil(round(exact, 9))


def after_cooldown(
    wanted: int, current: int, last: LastActivity | None, now: float, *, out_seconds: float, in_seconds: float
) -> int | None:
    """Return None while the last activity's cooldown in that direction runs. Scaling out further than that activity is
    allowed at once."""
    if wanted == current:
        return None
    if last is None:
        return wanted
    was_out = last.capacity_after > last.capacity_before
    if wanted > current:
        is_cooling = was_out and now < last.at + out_seconds
        return wanted if not is_cooling or wanted > last.capacity_after else None
    is_cooling = not was_out and now < last.at + in_seconds
    return None if is_cooling else wanted


def step_base(current: int, last: LastActivity | None, now: float, cooldown_seconds: float) -> int:
    """Return the base of the next step; during a scale-out's cooldown, the capacity before that scale-out."""
    if last is None or last.capacity_after <= last.capacity_before or now >= last.at + cooldown_seconds:
        return current
    return last.capacity_before


def choose(proposals: Sequence[Proposal], current: int, scaling_in: int) -> Proposal | None:
    """Choose the largest capacity. `scaling_in` is the number of target tracking policies whose scale-in is enabled.

    They scale in only when all of them ask for it ("Target tracking scaling policies", user guide); a step policy's
    scale-in does not wait for them, since of several policies that act at once the one with the largest capacity wins,
    in both directions (PutScalingPolicy).
    """
    out = [proposal for proposal in proposals if proposal.capacity > current]
    if out:
        return max(out, key=lambda proposal: proposal.capacity)
    agreeing = sum(proposal.kind == "target" for proposal in proposals)
    ready = [proposal for proposal in proposals if proposal.kind == "step" or agreeing >= scaling_in]
    return max(ready, key=lambda proposal: proposal.capacity, default=None)


def statistic(values: Sequence[float], name: str) -> float | None:
    """Return CloudWatch's statistic of one period, or None without data."""
    if not values:
        return None
    named = {
        "Average": sum(values) / len(values),
        "Sum": sum(values),
        "Minimum": min(values),
        "Maximum": max(values),
        "SampleCount": float(len(values)),
    }
    return named[name]


COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}


def is_breaching(points: Iterable[float | None], comparison: str, threshold: float, needed: int) -> bool:
    """Whether enough periods breach; a period without data does not."""
    compare = COMPARISONS[comparison]
    return sum(point is not None and compare(point, threshold) for point in points) >= needed
