"""Compares what exists with the release record (`deploy drift`). May not: change anything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from deploy import releases
from deploy.aws import Clients, describe
from deploy.aws.describe import differences
from deploy.aws.s3 import split
from deploy.core.errors import ConfigurationError
from deploy.plan import observe
from deploy.plan.role import require_assumable
from deploy.releases import Release, ReleaseStore
from deploy.resources import Topic, s3_checksum, without_secrets
from deploy.resources.monitoring import Monitoring


def drift(clients: Clients, store: ReleaseStore, monitoring: Monitoring) -> tuple[str, ...]:
    """Every difference as `what: found -> recorded`; the number of running instances is not one.

    Raises ConfigurationError when nothing was promoted yet.
    """
    pointed = releases.current(clients, store)
    if pointed is None:
        raise ConfigurationError("nothing was promoted here yet: there is no record to compare with")
    return tuple(_differences(clients, pointed[1], monitoring))


def _differences(clients: Clients, release: Release, monitoring: Monitoring) -> Iterator[str]:
    name = release.endpoint_name
    model = describe.model(clients, str(release.model["ModelName"]))
    yield from _described("model", without_secrets(release.model), None if model is None else without_secrets(model))
    config = describe.endpoint_config(clients, release.config_name)
    yield from _described("endpoint configuration", release.endpoint_config, config)
    endpoint = describe.endpoint(clients, name)
    if endpoint is None:
        yield f"endpoint {name}: missing"
    elif endpoint["EndpointConfigName"] != release.config_name:
        yield f"endpoint {name}: EndpointConfigName: {endpoint['EndpointConfigName']!r} -> {release.config_name!r}"
    yield from _bundle(clients, release)
    yield from _scaling(clients, release)
    yield from _topics(clients, release)
    yield from _alarms(clients, release, monitoring)
    yield from _role(clients, release)


def _topics(clients: Clients, release: Release) -> Iterator[str]:
    notified = release.endpoint_config["AsyncInferenceConfig"]["OutputConfig"]["NotificationConfig"]
    for arn in (notified["SuccessTopic"], notified["ErrorTopic"]):
        if describe.topic(clients, Topic(arn.rsplit(":", 1)[-1], arn, {})) is None:
            yield f"topic {arn}: missing"


def _alarms(clients: Clients, release: Release, monitoring: Monitoring) -> Iterator[str]:
    """Checks the alarms' actions too: without them the endpoint never scales from zero, or to it."""
    found = observe.alarms(clients, monitoring.known_names)
    policies = observe.scaling_policies(clients, release.endpoint_name)
    for alarm in monitoring.alarms:
        existing = found.get(alarm.name)
        policy = policies.get(alarm.acts_on or "", {})
        if existing is None:
            yield f"alarm {alarm.name}: missing"
        elif not existing.get("ActionsEnabled", True):
            yield f"alarm {alarm.name}: its actions are disabled"
        elif alarm.acts_on and policy.get("PolicyARN") not in existing.get("AlarmActions", ()):
            yield f"alarm {alarm.name}: does not act on scaling policy {alarm.acts_on}"


def _role(clients: Clients, release: Release) -> Iterator[str]:
    try:
        require_assumable(clients, str(release.model["ExecutionRoleArn"]))
    except ConfigurationError as error:
        yield str(error)


def _described(kind: str, recorded: Mapping[str, Any], found: Mapping[str, Any] | None) -> Iterator[str]:
    if found is None:
        yield f"{kind}: missing"
    else:
        yield from (f"{kind}: {line}" for line in differences(recorded, found))


def _bundle(clients: Clients, release: Release) -> Iterator[str]:
    found = describe.stored_object(clients, *split(release.bundle_url))
    if found is None:
        yield f"bundle {release.bundle_url}: missing"
    elif found["ContentLength"] != release.bundle_size_bytes:
        yield f"bundle {release.bundle_url}: {found['ContentLength']} bytes -> {release.bundle_size_bytes}"
    elif found.get("ChecksumSHA256", s3_checksum(release.bundle_sha256)) != s3_checksum(release.bundle_sha256):
        yield f"bundle {release.bundle_url}: its checksum is no longer that of {release.bundle_sha256[:12]}"


def _scaling(clients: Clients, release: Release) -> Iterator[str]:
    limits = (release.scaling["min_instances"], release.scaling["max_instances"])
    target = observe.scalable_target(clients, release.endpoint_name)
    found = (target["MinCapacity"], target["MaxCapacity"]) if target else (None, None)
    if found != limits:
        yield f"scaling: {found[0]} to {found[1]} instances -> {limits[0]} to {limits[1]}"
    if target and any(target.get("SuspendedState", {}).values()):
        yield "scaling: suspended -> active"
    policies = observe.scaling_policies(clients, release.endpoint_name)
    for name, recorded in release.scaling["policies"].items():
        if name not in policies:
            yield f"scaling policy {name}: missing"
            continue
        kind = policies[name]["PolicyType"]
        configuration = policies[name].get(f"{kind}PolicyConfiguration")
        yield from (f"scaling policy {name}: {line}" for line in differences(recorded, configuration))
