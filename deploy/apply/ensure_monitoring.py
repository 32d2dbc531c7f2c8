"""Make what watches and scales an endpoint exist: rollback alarms, scaling target, policies and alarms, dashboard.

Only what differs from what stands is written. Policies hang on the scalable target and go with it, so the ledger names
the target alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from deploy.apply.ledger import Kind
from deploy.apply.steps import Work
from deploy.aws import aws_errors, describe
from deploy.core.errors import DeployError, LockLost, RehearsalError, TimedOut
from deploy.core.waiting import wait_until
from deploy.plan.observe import observe_monitoring, scalable_target, scaling_policies
from deploy.plan.plan import Change, changes_instance_type, monitoring_changes
from deploy.resources.monitoring import Alarm, Monitoring, ScalableTarget

_QUIET_WITHIN_SECONDS = 300.0
"""What rang because of an earlier attempt is quiet a minute or two after it."""
_LOOK_EVERY_SECONDS = 10.0


def ensure_rollback_alarms(work: Work, monitoring: Monitoring) -> None:
    """Before an update; an alarm that rings already would undo any update, so its end is waited for.

    Raises DeployError when it goes on ringing.
    """
    _ensure_alarms(work, monitoring, monitoring.rollback_alarms)
    ringing = _ringing(work, monitoring)
    if not ringing:
        return
    work.tell("alarm", ", ".join(ringing), "waiting", "in ALARM, would undo any update")
    try:
        wait_until(
            lambda: True if not _ringing(work, monitoring) else None,
            what=f"alarm {', '.join(ringing)} to be quiet",
            timeout_seconds=_QUIET_WITHIN_SECONDS,
            every_seconds=_LOOK_EVERY_SECONDS,
            clock=work.clock,
        )
    except TimedOut as late:
        raise DeployError(
            f"{late}. Find out why the present release fails (`deploy logs`), then promote again"
        ) from late


def _ringing(work: Work, monitoring: Monitoring) -> list[str]:
    names = [alarm.name for alarm in monitoring.rollback_alarms]
    with aws_errors("looking whether an alarm rings"):
        found = work.clients.cloudwatch.describe_alarms(AlarmNames=names)["MetricAlarms"]
    return [each["AlarmName"] for each in found if each["StateValue"] == "ALARM"]


def suspend_scaling(work: Work, monitoring: Monitoring, config_name: str) -> None:
    """Before an update to another configuration: scaling rests until `ensure_scaling`.

    AWS refuses an update that changes the instance type of a variant while it is a scalable target (developer guide,
    "Update endpoints that use automatic scaling"), so then the target goes, and its policies with it.
    """
    found = describe.endpoint(work.clients, monitoring.endpoint_name)
    if found is None:
        return
    names = (str(found["EndpointConfigName"]), config_name)
    serving, wanted = (describe.endpoint_config(work.clients, name) for name in names)
    if changes_instance_type(serving, wanted):
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


def ensure_scaling(work: Work, monitoring: Monitoring) -> None:
    """The endpoint must be InService: Application Auto Scaling registers only a variant that exists."""
    changes = _changes(work, monitoring)
    if monitoring.target is not None:
        _ensure_target(work, monitoring.target, changes)
        for policy in monitoring.policies:
            if policy.name in {change.name for change in changes if change.kind == "scaling-policy"}:
                _put_policy(work, policy.name, policy.request(monitoring.target))
    elif any(change.kind == "scalable-target" for change in changes):
        deregister(work, monitoring.endpoint_name)
    _ensure_alarms(work, monitoring, monitoring.scaling_alarms)
    _delete_leftovers(work, monitoring, changes)
    if any(change.kind == "dashboard" for change in changes):
        request = monitoring.dashboard.request()
        work.create("dashboard", monitoring.dashboard.name, lambda: work.clients.cloudwatch.put_dashboard(**request))


def resume_scaling(work: Work, monitoring: Monitoring) -> None:
    """What serves on after a failure must scale on; that failure is the one to report, so this raises LockLost only."""
    try:
        ensure_scaling(work, monitoring)
    except LockLost:
        raise
    except RehearsalError as error:
        work.tell("scalable-target", monitoring.endpoint_name, "kept", f"still suspended: {error}")


def deregister(work: Work, endpoint_name: str) -> None:
    """Takes the policies along."""
    key = ScalableTarget(endpoint_name, 0, 1).key()
    if scalable_target(work.clients, endpoint_name) is None:
        work.deleted("scalable-target", endpoint_name)
        return
    work.delete("scalable-target", endpoint_name, lambda: work.clients.autoscaling.deregister_scalable_target(**key))


def delete_alarm(work: Work, name: str) -> None:
    work.delete("alarm", name, lambda: work.clients.cloudwatch.delete_alarms(AlarmNames=[name]))


def delete_dashboard(work: Work, name: str) -> None:
    work.delete("dashboard", name, lambda: work.clients.cloudwatch.delete_dashboards(DashboardNames=[name]))


def _changes(work: Work, monitoring: Monitoring) -> tuple[Change, ...]:
    return tuple(monitoring_changes(monitoring, observe_monitoring(monitoring, work.clients)))


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
    """A target that was suspended in three ways is resumed in one."""
    others = tuple(each for each in details if not each.startswith("SuspendedState."))
    return others if len(others) == len(details) else (*others, "scales again")


def _put_policy(work: Work, name: str, request: dict[str, object]) -> None:
    put = work.clients.autoscaling.put_scaling_policy
    work.update("scaling-policy", name, lambda: put(**request), detail="set")  # type: ignore[arg-type]  # its own noun made it


def _ensure_alarms(work: Work, monitoring: Monitoring, alarms: Iterable[Alarm]) -> None:
    arns = {name: each["PolicyARN"] for name, each in scaling_policies(work.clients, monitoring.endpoint_name).items()}
    changes = {change.name: change for change in _changes(work, monitoring) if change.kind == "alarm"}
    for alarm in alarms:
        if alarm.name in changes:
            _put_alarm(work, alarm, arns, changes[alarm.name])


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
