"""Creates, updates or replaces the endpoint, and waits until it is in the desired state or has failed.

AWS's own waiter looks only at EndpointStatus; an endpoint that was rolled back is InService too, on the old
configuration. Success here means InService *and* the desired configuration.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from deploy.apply.steps import Work, awaits_role
from deploy.aws import describe
from deploy.core.errors import EndpointFailed
from deploy.core.waiting import wait_until
from deploy.plan.observe import Description
from deploy.resources import Endpoint

_MOVING = ("Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting")
_DELETE_TIMEOUT_SECONDS = 1800.0
# The new fleet of an update may need this long to find instances, start hosts and load the model.
_FLEET_START_SECONDS = 3600


@dataclass(frozen=True)
class Rollout:
    """How an update replaces the old fleet: all at once, then both run for the bake, and any alarm rolls back.

    Canary and linear steps need two instances or more; an endpoint that scales to zero usually has one.
    """

    bake_seconds: int
    alarms: tuple[str, ...]
    while_baking: Callable[[], None]
    """Called once, when the new fleet has the traffic and the old one still runs."""
    before_update: Callable[[str], None]
    """Called with the name of the configuration that serves."""

    def request(self) -> dict[str, Any]:
        """WaitIntervalInSeconds is required even where it has no effect (botocore's model)."""
        longest = max(600, _FLEET_START_SECONDS + self.bake_seconds)
        alarms = [{"AlarmName": name} for name in self.alarms]
        return {
            "BlueGreenUpdatePolicy": {
                "TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0},
                "TerminationWaitInSeconds": self.bake_seconds,
                "MaximumExecutionTimeoutInSeconds": longest,
            },
            **({"AutoRollbackConfiguration": {"Alarms": alarms}} if alarms else {}),
        }


def ensure_endpoint(
    work: Work,
    endpoint: Endpoint,
    found: Description | None,
    *,
    timeout_seconds: float,
    rollout: Rollout | None = None,
) -> Description:
    """Returns DescribeEndpoint's answer once the endpoint serves the desired configuration; `found` is the one before.

    When an update to that configuration is in progress, this waits for it and starts no other. Without a `rollout` an
    update has no bake. Raises EndpointFailed with AWS's FailureReason, TimedOut, AwsRefused.
    """
    if _is_on_its_way(endpoint, found):
        return _wait_for(work, endpoint, timeout_seconds, rollout)
    if _is_moving(found):
        found = settle(work, endpoint.name, timeout_seconds=timeout_seconds)
    if found is not None and found["EndpointStatus"] == "Failed":
        delete_endpoint(work, endpoint.name)  # a failed endpoint serves nothing, and AWS allows nothing else
        found = None
    if found is None:
        return _create(work, endpoint, timeout_seconds)
    if found["EndpointConfigName"] == endpoint.config_name:
        work.adopt("endpoint", endpoint.name)
    else:
        _update(work, endpoint, found["EndpointConfigName"], timeout_seconds, rollout)
    return _wait_for(work, endpoint, timeout_seconds, rollout)


def _create(work: Work, endpoint: Endpoint, timeout_seconds: float) -> Description:
    """Create, and once more if a new role was not yet assumable: SageMaker may notice that late, and by then it is."""
    try:
        return _create_once(work, endpoint, timeout_seconds)
    except EndpointFailed as failed:
        if not awaits_role(failed.failure_reason):
            raise
        work.tell("endpoint", endpoint.name, "waiting", f"made anew, since {failed.failure_reason}")
        delete_endpoint(work, endpoint.name)
    return _create_once(work, endpoint, timeout_seconds)


def _create_once(work: Work, endpoint: Endpoint, timeout_seconds: float) -> Description:
    work.create("endpoint", endpoint.name, lambda: work.clients.sagemaker.create_endpoint(**endpoint.request()))
    return _wait_for(work, endpoint, timeout_seconds, rollout=None)


def _is_on_its_way(endpoint: Endpoint, found: Description | None) -> bool:
    pending = (found or {}).get("PendingDeploymentSummary") or {}
    return bool(pending.get("EndpointConfigName") == endpoint.config_name)


def _is_moving(found: Description | None) -> bool:
    return found is not None and found["EndpointStatus"] in _MOVING


def settle(work: Work, name: str, *, timeout_seconds: float) -> Description | None:
    """Wait until no change of the endpoint is in progress; None when there is no endpoint."""

    def settled() -> tuple[Description | None] | None:
        found = describe.endpoint(work.clients, name)
        return None if _is_moving(found) else (found,)

    return wait_until(
        settled,
        what=f"endpoint {name} to settle",
        timeout_seconds=timeout_seconds,
        every_seconds=work.clients.target.poll_seconds,
        clock=work.clock,
    )[0]


def delete_endpoint(work: Work, name: str) -> None:
    """Delete it and wait until it is gone: configuration and model must exist as long as the endpoint uses them."""
    found = settle(work, name, timeout_seconds=_DELETE_TIMEOUT_SECONDS)
    if found is not None:
        work.delete("endpoint", name, lambda: work.clients.sagemaker.delete_endpoint(EndpointName=name))
        settle(work, name, timeout_seconds=_DELETE_TIMEOUT_SECONDS)


def _update(work: Work, endpoint: Endpoint, old_config: str, timeout_seconds: float, rollout: Rollout | None) -> None:
    """Describes the endpoint again once scaling is suspended: the fleet's size may have changed since."""
    if rollout is not None:
        rollout.before_update(old_config)
    running = size(settle(work, endpoint.name, timeout_seconds=timeout_seconds))
    retain = keeps_its_size(running, _initial_size(work, endpoint.config_name))
    deployment: dict[str, Any] = {"DeploymentConfig": rollout.request()} if rollout is not None else {}
    work.update(
        "endpoint",
        endpoint.name,
        lambda: work.clients.sagemaker.update_endpoint(
            EndpointName=endpoint.name,
            EndpointConfigName=endpoint.config_name,
            RetainAllVariantProperties=retain,
            **deployment,
        ),
        detail=f"{old_config} -> {endpoint.config_name}",
    )


def keeps_its_size(running: int, initial: int) -> bool:
    """Whether an update sets RetainAllVariantProperties.

    False starts the new fleet with InitialInstanceCount, which takes instances from a fleet that was scaled out. True
    starts it with the present desired count, which is zero for an idle fleet: the update would then succeed without
    ever loading the model. So it is True exactly where the present count is larger.
    """
    return running > initial


def size(found: Description | None) -> int:
    """The desired instance count of the endpoint's fleet now, which includes instances that are starting."""
    variants = (found or {}).get("ProductionVariants") or ()
    return max(
        (int(each.get("DesiredInstanceCount", each.get("CurrentInstanceCount", 0))) for each in variants), default=0
    )


def _initial_size(work: Work, config_name: str) -> int:
    config = describe.endpoint_config(work.clients, config_name) or {}
    return max((int(each["InitialInstanceCount"]) for each in config.get("ProductionVariants", ())), default=1)


def _wait_for(work: Work, endpoint: Endpoint, timeout_seconds: float, rollout: Rollout | None) -> Description:
    told: list[str] = []

    def serving() -> Description | None:
        found = describe.endpoint(work.clients, endpoint.name)
        if found is None:
            raise EndpointFailed(f"endpoint {endpoint.name} was deleted by somebody while it was being deployed")
        judged, progress = _judged(endpoint, found), _progress(found)
        if judged is None and progress not in told[-1:]:
            work.tell("endpoint", endpoint.name, "waiting", progress)
            if rollout is not None and "Baking" in progress and not any("Baking" in each for each in told):
                rollout.while_baking()
            told.append(progress)
        return judged

    found = wait_until(
        serving,
        what=f"endpoint {endpoint.name} to serve {endpoint.config_name}",
        timeout_seconds=timeout_seconds,
        every_seconds=work.clients.target.poll_seconds,
        clock=work.clock,
    )
    work.tell("endpoint", endpoint.name, "ready", f"InService on {endpoint.config_name}")
    return found


def _judged(endpoint: Endpoint, found: Description) -> Description | None:
    """None while a change is in progress; raises EndpointFailed when it ended without the desired configuration."""
    status = found["EndpointStatus"]
    if status in _MOVING:
        return None
    reason = str(found.get("FailureReason", ""))
    if status != "InService":
        raise EndpointFailed(
            f"endpoint {endpoint.name} is {status}: {reason or 'AWS gave no reason'}. "
            "Its container's logs say more; correct the cause and deploy again",
            failure_reason=reason,
        )
    if found["EndpointConfigName"] != endpoint.config_name:
        raise EndpointFailed(
            f"endpoint {endpoint.name} was rolled back: it serves {found['EndpointConfigName']}, not "
            f"{endpoint.config_name}. {reason or 'An alarm fired, or the new fleet did not become healthy'}",
            failure_reason=reason,
        )
    return found


def _progress(found: Description) -> str:
    """The status for people, such as `Updating, Baking`."""
    pending = found.get("PendingDeploymentSummary") or {}
    variants = pending.get("ProductionVariants") or found.get("ProductionVariants") or ()
    stages = [status["Status"] for variant in variants for status in variant.get("VariantStatus", ())]
    return ", ".join(dict.fromkeys([found["EndpointStatus"], *stages]))
