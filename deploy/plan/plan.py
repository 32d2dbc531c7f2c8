"""Plans what `deploy --promote` would do: compares desired with observed, as a value that can be kept and compared.

May not: change anything, or call AWS; the observed state is an argument.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from deploy.aws.describe import differences
from deploy.core import files
from deploy.core.errors import ConfigurationError
from deploy.plan.observe import Observed, ObservedMonitoring
from deploy.resources import without_secrets
from deploy.resources.desired_state import Desired
from deploy.resources.monitoring import Alarm, Monitoring, ScalingPolicy

SCHEMA = "rehearsal.plan/1"

_VARIANTS = "ProductionVariants"

Action = Literal["create", "update", "replace", "delete"]
SYMBOLS: Mapping[Action, str] = {"create": "+", "update": "~", "replace": "-/+", "delete": "-"}


@dataclass(frozen=True)
class Change:
    action: Action
    kind: str
    name: str
    details: tuple[str, ...] = ()

    @property
    def symbol(self) -> str:
        return SYMBOLS[self.action]


@dataclass(frozen=True)
class Plan:
    account: str
    region: str
    endpoint_name: str
    release: str
    project_sha256: str
    bundle_sha256: str
    live_sha256: str
    """Digest of the observed state from which the plan was made."""
    changes: tuple[Change, ...]

    @property
    def updates_fleet(self) -> bool:
        """Whether a second fleet will run beside the first for a while, both billed."""
        return any(change.kind == "endpoint" and change.action == "update" for change in self.changes)

    def to_json(self) -> str:
        return json.dumps({"schema": SCHEMA, **asdict(self)}, indent=2) + "\n"


def plan(desired: Desired, monitoring: Monitoring, observed: Observed) -> Plan:
    """Raises ConfigurationError where no plan can lead from what exists to what is wanted."""
    if desired.endpoint_config.is_realtime:
        raise ConfigurationError(
            'endpoint.mode = "realtime": only asynchronous endpoints are promoted, because scaling, alarms and smoke '
            "tests here are made for a queue. `harness validate` rehearses a real-time endpoint"
        )
    return Plan(
        account=desired.account,
        region=desired.region,
        endpoint_name=desired.endpoint.name,
        release=desired.release,
        project_sha256=desired.project_digest,
        bundle_sha256=desired.bundle.sha256,
        live_sha256=observed.digest(),
        changes=(
            *_resources(desired, observed),
            *_endpoint(desired, observed),
            *monitoring_changes(monitoring, observed.monitoring),
        ),
    )


def write(path: Path, planned: Plan) -> None:
    files.write_text(path, planned.to_json())


def read(path: Path) -> Plan:
    """Raises ConfigurationError when the file is missing or no plan."""
    try:
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if document.pop("schema") != SCHEMA:
            raise ValueError(f"not of schema {SCHEMA}")
        changes = tuple(Change(**{**each, "details": tuple(each["details"])}) for each in document.pop("changes"))
        return Plan(changes=changes, **document)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigurationError(f"{path} is not a plan ({error}): make one with `deploy --out {path}`") from error


def require_unchanged(reviewed: Plan, now: Plan) -> None:
    """Raises ConfigurationError when `now` is no longer what was reviewed."""
    if reviewed == now:
        return
    facts = {
        "account": "the account", "region": "the region", "bundle_sha256": "the bundle",
        "project_sha256": "the configuration", "release": "the release", "live_sha256": "what exists in the account",
    }  # fmt: skip
    moved = [text for name, text in facts.items() if getattr(reviewed, name) != getattr(now, name)]
    raise ConfigurationError(
        f"the plan is stale: {' and '.join(moved) or 'the changes'} differ from when it was made. "
        "Make a new plan, review it and promote that"
    )


def _resources(desired: Desired, observed: Observed) -> Iterator[Change]:
    yield from _bucket(desired, observed)
    if observed.bundle is None:
        megabytes = f"{desired.bundle.size_bytes / 1e6:.1f} MB"
        yield Change("create", "object", desired.bundle.name, (megabytes,))
    for topic in (desired.success_topic, desired.error_topic):
        if topic.arn not in observed.topics:
            yield Change("create", "topic", topic.name)
    if observed.model is None:
        yield Change("create", "model", desired.model.name, (desired.model.image,))
    if observed.endpoint_config is None:
        yield Change("create", "endpoint-config", desired.endpoint_config.name)


def _bucket(desired: Desired, observed: Observed) -> Iterator[Change]:
    bucket = desired.bucket
    if observed.bucket_region is None:
        if not bucket.create:
            raise ConfigurationError(
                f"bucket {bucket.name} does not exist and storage.create_bucket is false: "
                "create the foundation first, or set storage.bucket to one that exists"
            )
        yield Change("create", "bucket", bucket.name, (bucket.region,))
    elif observed.bucket_region != bucket.region:
        raise ConfigurationError(
            f"bucket {bucket.name} is in {observed.bucket_region}, the endpoint in {bucket.region}"
        )


def _endpoint(desired: Desired, observed: Observed) -> Iterator[Change]:
    name, config = desired.endpoint.name, desired.endpoint_config
    if observed.endpoint is None:
        yield Change("create", "endpoint", name, (f"{config.initial_instance_count} x {config.instance_type}",))
    elif observed.endpoint["EndpointStatus"] == "Failed":
        yield Change(
            "replace", "endpoint", name, (f"Failed: {observed.endpoint.get('FailureReason', 'no reason given')}",)
        )
    elif observed.endpoint["EndpointConfigName"] != config.name:
        _check_asynchronous(name, observed)
        swapped = f"configuration {observed.endpoint['EndpointConfigName']} -> {config.name}"
        yield Change("update", "endpoint", name, (swapped, *_what_the_swap_changes(desired, observed)))
        if observed.monitoring.target is not None and changes_instance_type(observed.serving_config, config.request()):
            because = "AWS refuses another instance type while the fleet is scaled; it is registered again after"
            yield Change("replace", "scalable-target", observed.monitoring.target["ResourceId"], (because,))


def changes_instance_type(serving: Mapping[str, Any] | None, wanted: Mapping[str, Any] | None) -> bool:
    """Whether two endpoint configurations differ in it; a missing one does not."""
    types = [variant.get("InstanceType") for each in (serving, wanted) for variant in (each or {}).get(_VARIANTS, ())]
    return len(set(types)) > 1


def _what_the_swap_changes(desired: Desired, observed: Observed) -> Iterator[str]:
    """How the new configuration differs from the present one: image, bundle, environment, instance, results."""
    model, config = without_secrets(desired.model.request()), desired.endpoint_config.request()
    wanted_model = {key: model[key] for key in ("PrimaryContainer", "ExecutionRoleArn")}
    wanted_config = {key: config[key] for key in ("ProductionVariants", "AsyncInferenceConfig")}
    lines = differences(wanted_model, without_secrets(observed.serving_model or {}))
    yield from lines
    yield from (line for line in differences(wanted_config, observed.serving_config or {}) if ".ModelName:" not in line)


def _check_asynchronous(name: str, observed: Observed) -> None:
    """Refuse a real-time endpoint: AWS allows no update that adds or removes AsyncInferenceConfig."""
    if observed.serving_config is not None and "AsyncInferenceConfig" not in observed.serving_config:
        raise ConfigurationError(
            f"endpoint {name} exists and is not asynchronous: give this one another name with [endpoint] name"
        )


def monitoring_changes(monitoring: Monitoring, observed: ObservedMonitoring) -> Iterator[Change]:
    """The changes of scaling, alarms and dashboard alone."""
    yield from _target(monitoring, observed)
    for policy in monitoring.policies:
        yield from _policy(policy, observed)
    yield from (change for alarm in monitoring.alarms if (change := alarm_change(alarm, observed)) is not None)
    if not observed.dashboard:
        yield Change("create", "dashboard", monitoring.dashboard.name)
    wanted_policies = {policy.name for policy in monitoring.policies}
    wanted_alarms = {alarm.name for alarm in monitoring.alarms}
    for name in monitoring.known_names:
        if name in observed.alarms and name not in wanted_alarms:
            yield Change("delete", "alarm", name)
        if name in observed.policies and name not in wanted_policies:
            yield Change("delete", "scaling-policy", name)


def _target(monitoring: Monitoring, observed: ObservedMonitoring) -> Iterator[Change]:
    if monitoring.target is None:
        if observed.target is not None:
            yield Change("delete", "scalable-target", observed.target["ResourceId"])
        return
    wanted = monitoring.target.request()
    if observed.target is None:
        yield Change(
            "create", "scalable-target", monitoring.target.resource_id,
            (f"{monitoring.target.min_instances} to {monitoring.target.max_instances} instances",),
        )  # fmt: skip
    elif different := differences(wanted, observed.target):
        yield Change("update", "scalable-target", monitoring.target.resource_id, different)


def _policy(policy: ScalingPolicy, observed: ObservedMonitoring) -> Iterator[Change]:
    found = observed.policies.get(policy.name)
    if found is None:
        yield Change("create", "scaling-policy", policy.name)
    elif different := differences(dict(policy.configuration), found.get(f"{policy.policy_type}PolicyConfiguration")):
        yield Change("update", "scaling-policy", policy.name, different)


def alarm_change(alarm: Alarm, observed: ObservedMonitoring) -> Change | None:
    """Compares policy ARNs too: a recreated policy has another ARN, and an alarm with the old one triggers nothing."""
    found = observed.alarms.get(alarm.name)
    if found is None:
        return Change("create", "alarm", alarm.name)
    wanted = {key: value for key, value in alarm.request(_AnyArn()).items() if key != "AlarmActions"}
    different = differences(wanted, found)
    policy = observed.policies.get(alarm.acts_on or "", {})
    if alarm.acts_on and policy.get("PolicyARN") not in found.get("AlarmActions", ()):
        different = (*different, "AlarmActions: it acts on another policy, or none")
    return Change("update", "alarm", alarm.name, different) if different else None


class _AnyArn(dict[str, str]):
    def __missing__(self, _: str) -> str:
        return ""
