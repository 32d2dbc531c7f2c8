"""Replaces one deployment of an endpoint, blue/green (all at once, canary, linear) or rolling, or rolls back.

The caller repeats `step()`. A rollout starts and stops instances only through its fleets and reads the time only from
its context. Waits are AWS seconds, which the time scale shortens.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from harness.emulator.context.emulator_context import EmulatorContext
from harness.emulator.instances.fleet import Fleet, FleetSlot
from harness.emulator.store.update_plan import UpdatePlan


class Alarms(Protocol):
    def ringing(self, names: Sequence[str]) -> list[str]:
        """Return those of `names` that are in the state ALARM; none when the cloud does not answer."""
        ...


@dataclass(frozen=True)
class Stage:
    """Once this share (0 to 1) of the traffic is on green, wait."""

    share: float
    wait_seconds: float


@dataclass(frozen=True)
class Phase:
    """VariantStatus of a running deployment: its `Status` and `StatusMessage`."""

    status: str
    message: str | None = None


BRINGING_UP = Phase("Creating")


@dataclass(frozen=True)
class RolledBack:
    reason: str


@dataclass(frozen=True)
class RolledOut:
    pass


def traffic_stages(policy: Mapping[str, Any] | None, instance_count: int) -> list[Stage]:
    """Return DeploymentConfig's stages; without one, a single stage with all traffic."""
    routing = ((policy or {}).get("BlueGreenUpdatePolicy") or {}).get("TrafficRoutingConfiguration")
    if routing is None:
        return [Stage(1.0, 0.0)]
    wait = float(routing["WaitIntervalInSeconds"])
    if routing["Type"] == "CANARY":
        first = _portion(routing.get("CanarySize"), instance_count, fallback=0.1)
        return [Stage(first, wait), Stage(1.0, wait)]
    if routing["Type"] == "LINEAR":
        step = _portion(routing.get("LinearStepSize"), instance_count, fallback=0.1)
        steps = math.ceil(round(1.0 / step, 6))
        return [Stage(min(1.0, step * number), wait) for number in range(1, steps + 1)]
    return [Stage(1.0, wait)]


def rolling_stages(policy: Mapping[str, Any], instance_count: int) -> list[Stage]:
    rolling = policy["RollingUpdatePolicy"]
    batch = max(1, round(_portion(rolling["MaximumBatchSize"], instance_count, fallback=0.5) * instance_count))
    wait = float(rolling["WaitIntervalInSeconds"])
    done = range(batch, instance_count + batch, batch)
    return [Stage(min(instance_count, count) / max(1, instance_count), wait) for count in done]


def _portion(size: Mapping[str, Any] | None, instance_count: int, *, fallback: float) -> float:
    if size is None:
        return fallback
    value = float(size["Value"])
    portion = value / 100 if size["Type"] == "CAPACITY_PERCENT" else value / max(1, instance_count)
    return min(1.0, max(portion, 0.01))


class Rollout:
    def __init__(
        self,
        context: EmulatorContext,
        blue: Mapping[str, Fleet],
        green: Mapping[str, Fleet],
        plan: UpdatePlan,
        alarms: Alarms,
    ) -> None:
        self.blue, self.green = dict(blue), dict(green)
        self._plan, self._context, self._alarms = plan, context, alarms
        self._policy = plan.policy or {}
        self.is_rolling = "RollingUpdatePolicy" in self._policy
        total = sum(count for count, _ in plan.capacities.values())
        self._stages = rolling_stages(self._policy, total) if self.is_rolling else traffic_stages(plan.policy, total)
        self._stage = 0
        self._stage_done_at: float | None = None
        self._terminate_at: float | None = None
        self._next_alarm_check = 0.0
        self.share = 0.0
        """The share of the traffic that goes to green."""
        self._sent_blue = self._sent_green = 0
        self.trouble: str | None = None
        self._result: RolledOut | RolledBack | None = None

    def step(self) -> RolledOut | RolledBack | None:
        """Take one step; return a value when the rollout has ended, and the same one at every later step."""
        if self._result is None:
            if self.trouble is None:
                self.trouble = self._trouble()
            self._result = self._forward() if self.trouble is None else self._back(self.trouble)
        return self._result

    @property
    def phase(self) -> Phase:
        """The status of the new side in AWS's words, for DescribeEndpoint."""
        if self.trouble is not None:
            return Phase("Deleting")
        if self._terminate_at is not None:
            wait = (self._policy.get("BlueGreenUpdatePolicy") or {}).get("TerminationWaitInSeconds", 0)
            return Phase("Baking", f"Baking for {wait} seconds (TerminationWaitInSeconds)")
        if self._stage_done_at is None:
            return BRINGING_UP
        wait = self._stages[self._stage].wait_seconds
        return Phase("Baking", f"Baking for {wait:g} seconds (WaitIntervalInSeconds)")

    def acquire(self, limits: Callable[[bool], int | None]) -> FleetSlot | None:
        """Return a slot on the side whose turn it is; `limits(is_green)` is the most requests of one instance."""
        is_green = self._is_greens_turn()
        for fleet in (self.green if is_green else self.blue).values():
            slot = fleet.acquire(limits(is_green))
            if slot is not None:
                self._count(is_green)
                return slot
        return None

    def _is_greens_turn(self) -> bool:
        if self.share <= 0.0:
            return False
        if self.share >= 1.0 or not any(fleet.healthy_count for fleet in self.blue.values()):
            return True
        return self._sent_green / self.share <= self._sent_blue / (1 - self.share)

    def _count(self, is_green: bool) -> None:
        if is_green:
            self._sent_green += 1
        else:
            self._sent_blue += 1

    def _forward(self) -> RolledOut | None:
        stage = self._stages[min(self._stage, len(self._stages) - 1)]
        if self._stage < len(self._stages):
            if self._reach(stage):
                self._wait(stage)
            return None
        return self._terminate_blue()

    def _reach(self, stage: Stage) -> bool:
        """Move green (and blue, when rolling) to the stage's sizes; return True once its traffic has moved."""
        for name, fleet in self.green.items():
            fleet.converge(self._wanted_green(name, stage))
        ready = all(fleet.healthy_count >= self._wanted_green(name, stage) for name, fleet in self.green.items())
        if ready and self.share != stage.share:
            self.share, self._sent_blue, self._sent_green = stage.share, 0, 0
        self._keep_blue(self.share if self.is_rolling else 0.0)
        return ready

    def _wanted_green(self, name: str, stage: Stage) -> int:
        whole = self._plan.capacities[name][0]
        return math.ceil(round(whole * stage.share, 6)) if self.is_rolling else whole

    def _keep_blue(self, gone: float) -> None:
        for name, fleet in self.blue.items():
            previous = self._plan.previous.get(name, (fleet.variant.initial_instance_count, 1.0))[0]
            fleet.converge(previous - math.floor(round(previous * gone, 6)))

    def _wait(self, stage: Stage) -> None:
        now = self._context.now()
        if self._stage_done_at is None:
            self._stage_done_at = now + self._context.settings.real_seconds(stage.wait_seconds)
        if now >= self._stage_done_at:
            self._stage += 1
            self._stage_done_at = None

    def _terminate_blue(self) -> RolledOut | None:
        now = self._context.now()
        if self._terminate_at is None:
            wait = (self._policy.get("BlueGreenUpdatePolicy") or {}).get("TerminationWaitInSeconds", 0)
            self._terminate_at = now + self._context.settings.real_seconds(float(wait))
        if now < self._terminate_at:
            return None
        for fleet in self.blue.values():
            fleet.converge(0)
        return RolledOut() if all(fleet.is_empty for fleet in self.blue.values()) else None

    def _back(self, reason: str) -> RolledBack | None:
        self.share = 0.0
        self._keep_blue(0.0)
        for fleet in self.green.values():
            fleet.converge(0)
        is_blue_back = all(
            fleet.healthy_count >= self._plan.previous.get(name, (0, 0.0))[0] for name, fleet in self.blue.items()
        )
        if is_blue_back and all(fleet.is_empty for fleet in self.green.values()):
            return RolledBack(reason)
        return None

    def _trouble(self) -> str | None:
        for fleet in self.green.values():
            if fleet.failure is not None:
                return fleet.failure
        return self._overtime() or self._alarm()

    def _overtime(self) -> str | None:
        policy = self._policy.get("BlueGreenUpdatePolicy") or self._policy.get("RollingUpdatePolicy") or {}
        limit = policy.get("MaximumExecutionTimeoutInSeconds")
        if limit is None:
            return None
        seconds = self._context.now() - self._plan.started_at
        if seconds < self._context.settings.real_seconds(float(limit)):
            return None
        return f"The deployment did not finish within MaximumExecutionTimeoutInSeconds ({limit})."

    def _alarm(self) -> str | None:
        configured = (self._policy.get("AutoRollbackConfiguration") or {}).get("Alarms") or []
        now = self._context.now()
        if not configured or now < self._next_alarm_check:
            return None
        self._next_alarm_check = now + min(1.0, self._context.settings.real_seconds(10.0))
        ringing = self._alarms.ringing([alarm["AlarmName"] for alarm in configured])
        return f"The deployment was rolled back: alarm(s) in ALARM: {', '.join(ringing)}." if ringing else None
