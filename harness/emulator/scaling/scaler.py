"""The scaler: one `tick` evaluates every policy, changes capacities and records the activities. It has no thread."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

from harness.emulator.context.emulator_context import EmulatorContext
from harness.emulator.control_plane.endpoints import Endpoints
from harness.emulator.protocol.faults import AwsFault
from harness.emulator.scaling.alarming import Evaluator, MetricAlarm
from harness.emulator.scaling.cloud_alarms import ScalingAlarms
from harness.emulator.scaling.decisions import (
    LastActivity,
    Proposal,
    after_cooldown,
    choose,
    step_base,
    step_capacity,
    target_capacity,
)
from harness.emulator.scaling.records import Activity, Policy, Records, Target
from harness.emulator.scaling.tracking import high_alarm, low_alarm
from harness.emulator.store.catalog import DELETING, FAILED, IN_SERVICE, Endpoint

DEFAULT_COOLDOWN_SECONDS = 300.0
_ALARMS_READ_EVERY_SECONDS = 10.0


class Scaler:
    def __init__(
        self,
        context: EmulatorContext,
        records: Records,
        endpoints: Endpoints,
        evaluator: Evaluator,
        scaling_alarms: ScalingAlarms,
    ) -> None:
        self._context, self._records, self._endpoints = context, records, endpoints
        self._evaluator, self._scaling_alarms = evaluator, scaling_alarms
        self._last: dict[str, LastActivity] = {}
        self._alarms: list[MetricAlarm] = []
        self._alarms_read_at = float("-inf")

    def tick(self) -> None:
        """Evaluate every target's policies once and change capacities."""
        self._finish_activities()
        targets = self._records.targets()
        if not targets:
            return
        self._read_alarms()
        for target in targets:
            self._consider(target)

    def _consider(self, target: Target) -> None:
        endpoint = self._endpoint(target)
        if endpoint is None or endpoint.status != IN_SERVICE or target.variant_name not in endpoint.capacities:
            return
        current = endpoint.capacities[target.variant_name].instance_count
        bounded = min(max(current, target.min_capacity), target.max_capacity)
        if bounded != current:
            limit = "minimum" if bounded > current else "maximum"
            self._set(target, Proposal(bounded, f"{limit} capacity was set to {bounded}", "", "step"), current)
            return
        policies = self._records.policies(target.resource_id)
        proposals = [found for policy in policies for found in self._proposals(policy, target, current)]
        chosen = choose(proposals, current, sum(policy.scales_in_by_tracking for policy in policies))
        if chosen is not None and not self._is_suspended(target, chosen.capacity > current):
            self._set(target, chosen, current)

    def _proposals(self, policy: Policy, target: Target, current: int) -> Iterator[Proposal]:
        is_tracking = policy.kind == "TargetTrackingScaling"
        wishes = self._tracking(policy, target, current) if is_tracking else self._steps(policy, current)
        for wanted, alarm_name in wishes:
            capacity = min(max(wanted, target.min_capacity), target.max_capacity)
            allowed = self._after_cooldown(policy, capacity, current)
            if allowed is not None:
                cause = f"monitor alarm {alarm_name} in state ALARM triggered policy {policy.name}"
                yield Proposal(allowed, cause, policy.arn, "target" if is_tracking else "step")

    def _tracking(self, policy: Policy, target: Target, current: int) -> Iterator[tuple[int, str]]:
        names = {("High" if "-AlarmHigh-" in name else "Low"): name for name in policy.alarm_names}
        goal = float(policy.configuration["TargetValue"])
        high = self._evaluator.read(high_alarm(policy, target, names["High"]), self._context.now())
        if high.is_ringing and high.value is not None:
            cooldown = self._seconds(policy, "ScaleOutCooldown")
            base = step_base(current, self._last.get(policy.arn), self._context.now(), cooldown)
            yield max(target_capacity(base, high.value, goal), current), names["High"]
        elif "Low" in names and current > 0:
            low = self._evaluator.read(low_alarm(policy, target, names["Low"]), self._context.now())
            if low.is_ringing and low.value is not None:
                yield min(target_capacity(current, low.value, goal), current), names["Low"]

    def _steps(self, policy: Policy, current: int) -> Iterator[tuple[int, str]]:
        cooldown = self._seconds(policy, "Cooldown")
        base = step_base(current, self._last.get(policy.arn), self._context.now(), cooldown)
        for alarm in self._alarms:
            if policy.arn not in alarm.policy_arns:
                continue
            reading = self._evaluator.read(alarm, self._context.now())
            if reading.is_ringing:
                breach = 0.0 if reading.value is None else reading.value - alarm.threshold
                wanted = step_capacity(policy.configuration, base, breach)
                if wanted is not None:
                    yield wanted, alarm.name

    def _after_cooldown(self, policy: Policy, wanted: int, current: int) -> int | None:
        step = policy.kind == "StepScaling"
        return after_cooldown(
            wanted,
            current,
            self._last.get(policy.arn),
            self._context.now(),
            out_seconds=self._seconds(policy, "Cooldown" if step else "ScaleOutCooldown"),
            in_seconds=self._seconds(policy, "Cooldown" if step else "ScaleInCooldown"),
        )

    def _seconds(self, policy: Policy, name: str) -> float:
        return self._context.settings.real_seconds(float(policy.configuration.get(name, DEFAULT_COOLDOWN_SECONDS)))

    def _is_suspended(self, target: Target, is_out: bool) -> bool:
        return target.is_out_suspended if is_out else target.is_in_suspended

    def _set(self, target: Target, proposal: Proposal, current: int) -> None:
        now = self._context.now()
        activity = Activity(str(uuid.uuid4()), target.resource_id, proposal.capacity, proposal.cause, now)
        change = {"VariantName": target.variant_name, "DesiredInstanceCount": proposal.capacity}
        try:
            with self._context.store.transaction():  # a change of capacity without its activity would have no cooldown
                self._endpoints.update_endpoint_weights_and_capacities(
                    {"EndpointName": target.endpoint_name, "DesiredWeightsAndCapacities": [change]}
                )
                self._records.put_activity(activity)
        except AwsFault as fault:
            message = f"Failed to set desired instance count to {proposal.capacity}. Reason: {fault.message}"
            self._records.end_activity(activity, now, "Failed", message)
            return
        self._last[proposal.policy_arn] = LastActivity(now, current, proposal.capacity)

    def _finish_activities(self) -> None:
        for activity in self._records.activities():
            if activity.status == "InProgress":
                self._finish(activity)

    def _finish(self, activity: Activity) -> None:
        pieces = activity.resource_id.split("/")
        endpoint = self._context.catalog.endpoint(self._context.account.endpoint(pieces[1]))
        if endpoint is not None and endpoint.status not in (IN_SERVICE, FAILED, DELETING):
            return
        is_reached = endpoint is not None and endpoint.capacities[pieces[3]].instance_count == activity.capacity
        status, message = "Failed", f"Failed to set desired instance count to {activity.capacity}."
        if is_reached:
            done = f"Successfully set desired instance count to {activity.capacity}."
            status, message = "Successful", f"{done} Change successfully fulfilled by sagemaker."
        self._records.end_activity(activity, self._context.now(), status, message)

    def _read_alarms(self) -> None:
        now = self._context.now()
        if now < self._alarms_read_at + self._context.settings.real_seconds(_ALARMS_READ_EVERY_SECONDS):
            return
        arns = [policy.arn for policy in self._records.policies() if policy.kind == "StepScaling"]
        self._alarms = self._scaling_alarms.with_actions(arns) if arns else []
        self._alarms_read_at = now

    def _endpoint(self, target: Target) -> Endpoint | None:
        return self._context.catalog.endpoint(self._context.account.endpoint(target.endpoint_name))
