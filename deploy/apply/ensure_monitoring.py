"""Creates what monitors and scales an endpoint: rollback alarms, scaling target, policies and alarms, dashboard.

Only what differs from what exists is written. AWS deletes policies with their scalable target, so the ledger names the
target alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from deploy.apply.ledger import Kind
from deploy.apply.steps import Work
from deploy.aws import aws_errors, describe
from deploy.core.errors import DeployError, LockLost, RehearsalError, TimedOut
from deploy.core.waiting import wait_until
from deploy.plan import observe
from deploy.plan.observe import Description, ObservedMonitoring, observe_monitoring, scalable_target
from deploy.plan.plan import Change, alarm_change, changes_instance_type, monitoring_changes
from deploy.resources.monitoring import Alarm, Monitoring, ScalableTarget, ScalingPolicy

# An alarm that an earlier attempt triggered is OK again a minute or two after it.
_QUIET_WITHIN_SECONDS = 300.0
_LOOK_EVERY_SECONDS = 10.0


def ensure_rollback_alarms(work: Work, monitoring: Monitoring) -> Mapping[str, Description]:
    """Create them before an update, and wait until none is in ALARM, since one that is would roll back any update.

    Returns every alarm of ours as it was seen, for `ensure_scaling`. Raises DeployError when one stays in ALARM.
    """
    found = observe.alarms(work.clients, monitoring.known_names)
    _ensure_alarms(work, monitoring.rollback_alarms, ObservedMonitoring(None, {}, found, dashboard=False))
    in_alarm = _in_alarm(monitoring, found)
    if in_alarm:
        _wait_until_quiet(work, monitoring, in_alarm)
    return found


def _wait_until_quiet(work: Work, monitoring: Monitoring, in_alarm: list[str]) -> None:
    names = [alarm.name for alarm in monitoring.rollback_alarms]
    work.tell("alarm", ", ".join(in_alarm), "waiting", "in ALARM, would undo any update")
    try:
        wait_until(
            lambda: True if not _in_alarm(monitoring, observe.alarms(work.clients, names)) else None,
            what=f"alarm {', '.join(in_alarm)} to be quiet",
            timeout_seconds=_QUIET_WITHIN_SECONDS,
            every_seconds=_LOOK_EVERY_SECONDS,
            clock=work.clock,
        )
    except TimedOut as late:
        raise DeployError(
            f"{late}. Find out why the present release fails (`deploy logs`), then promote again"
        ) from late


def _in_alarm(monitoring: Monitoring, found: Mapping[str, Description]) -> list[str]:
    names = [alarm.name for alarm in monitoring.rollback_alarms]
    return [name for name in names if name in found and found[name]["StateValue"] == "ALARM"]


def suspend_scaling(work: Work, monitoring: Monitoring, serving: str, wanted: Description | None) -> None:
    """Suspend scaling before an update from the configuration named `serving` to `wanted`, until `ensure_scaling`.

    AWS refuses an update that changes the instance type of a variant while it is a scalable target (developer guide,
    "Update endpoints that use automatic scaling"), so the target is deregistered then, with its policies.
    """
    if changes_instance_type(describe.endpoint_config(work.clients, serving), wanted):
        deregister(work, monitoring.endpoint_name)
    else:
        _suspend_scaling(work, monitoring)


def _suspend_scaling(work: Work, monitoring: Monitoring) -> None:
    if monitoring.target is not None and scalable_target(work.clients, monitoring.endpoint_name) is not None:
        request = monitoring.target.request(suspended=True)
        work.update(
            "scalable-target", monitoring.endpoint_name,
            lambda: work.clients.autoscaling.register_scalable_target(**request), detail="suspended",
        )  # fmt: skip


def ensure_scaling(work: Work, monitoring: Monitoring, alarms: Mapping[str, Description] | None = None) -> None:
    """Create target, policies and alarms. The endpoint must be InService: only an existing variant can be registered.

    `alarms` are those that `ensure_rollback_alarms` saw. Target and policies are always observed here and not before:
    AWS removes those of a deleted endpoint some time later, and an update suspends them.
    """
    found = observe_monitoring(monitoring, work.clients, alarms_seen=alarms)
    changes = tuple(monitoring_changes(monitoring, found))
    found = _ensure_target_and_policies(work, monitoring, found, changes)
    _ensure_alarms(work, monitoring.scaling_alarms, found)
    _delete_leftovers(work, monitoring, changes)
    if any(change.kind == "dashboard" for change in changes):
        request = monitoring.dashboard.request()
        work.create("dashboard", monitoring.dashboard.name, lambda: work.clients.cloudwatch.put_dashboard(**request))


def _ensure_target_and_policies(
    work: Work, monitoring: Monitoring, found: ObservedMonitoring, changes: tuple[Change, ...]
) -> ObservedMonitoring:
    """The observed state, with the policies that were put now."""
    target = monitoring.target
    if target is None:
        if found.target is not None:
            _deregister(work, monitoring.endpoint_name)
        return found
    _ensure_target(work, target, changes)
    changed = {change.name for change in changes if change.kind == "scaling-policy"}
    put = {each.name: _put_policy(work, each, target) for each in monitoring.policies if each.name in changed}
    return replace(found, policies={**found.policies, **put})


def resume_scaling(work: Work, monitoring: Monitoring) -> None:
    """Resume scaling after a failed update. The failure is the error to report, so this raises LockLost only."""
    try:
        ensure_scaling(work, monitoring)
    except LockLost:
        raise
    except RehearsalError as error:
        work.tell("scalable-target", monitoring.endpoint_name, "kept", f"still suspended: {error}")


def deregister(work: Work, endpoint_name: str) -> None:
    """Deregister the scalable target, with which AWS deletes its policies."""
    if scalable_target(work.clients, endpoint_name) is None:
        work.deleted("scalable-target", endpoint_name)
    else:
        _deregister(work, endpoint_name)


def _deregister(work: Work, endpoint_name: str) -> None:
    key = ScalableTarget(endpoint_name, 0, 1).key()
    work.delete("scalable-target", endpoint_name, lambda: work.clients.autoscaling.deregister_scalable_target(**key))


def delete_alarm(work: Work, name: str) -> None:
    work.delete("alarm", name, lambda: work.clients.cloudwatch.delete_alarms(AlarmNames=[name]))


def delete_dashboard(work: Work, name: str) -> None:
    work.delete("dashboard", name, lambda: work.clients.cloudwatch.delete_dashboards(DashboardNames=[name]))


def _put(work: Work, kind: Kind, name: str, change: Change, call: Callable[[], object]) -> None:
    if change.action == "create":
        work.create(kind, name, call)
    else:
        work.update(kind, name, call, detail="; ".join(change.details))


def _ensure_target(work: Work, target: ScalableTarget, changes: Iterable[Change]) -> None:
    change = next((change for change in changes if change.kind == "scalable-target"), None)
    if change is not None:
        change = replace(change, details=_in_words(change.details))
        request, client = target.request(), work.clients.autoscaling
        _put(work, "scalable-target", target.endpoint_name, change, lambda: client.register_scalable_target(**request))


def _in_words(details: tuple[str, ...]) -> tuple[str, ...]:
    """Describe the three suspended activities of a target as one change."""
    others = tuple(each for each in details if not each.startswith("SuspendedState."))
    return others if len(others) == len(details) else (*others, "scales again")


def _put_policy(work: Work, policy: ScalingPolicy, target: ScalableTarget) -> Description:
    """Put the policy and return AWS's answer, which has its ARN."""
    put, request = work.clients.autoscaling.put_scaling_policy, policy.request(target)
    return work.update("scaling-policy", policy.name, lambda: put(**request), detail="set")


def _ensure_alarms(work: Work, alarms: Iterable[Alarm], found: ObservedMonitoring) -> None:
    arns = {name: each["PolicyARN"] for name, each in found.policies.items()}
    for alarm in alarms:
        change = alarm_change(alarm, found)
        if change is not None:
            _put_alarm(work, alarm, arns, change)


def _put_alarm(work: Work, alarm: Alarm, arns: dict[str, str], change: Change) -> None:
    request = alarm.request(arns)
    _put(work, "alarm", alarm.name, change, lambda: work.clients.cloudwatch.put_metric_alarm(**request))


def _delete_leftovers(work: Work, monitoring: Monitoring, changes: Iterable[Change]) -> None:
    for change in changes:
        if change.action == "delete" and change.kind == "alarm":
            delete_alarm(work, change.name)
        elif change.action == "delete" and change.kind == "scaling-policy" and monitoring.target is not None:
            key = {**monitoring.target.key(), "PolicyName": change.name}
            with aws_errors(f"deleting scaling policy {change.name}"):
                work.clients.autoscaling.delete_scaling_policy(**key)
