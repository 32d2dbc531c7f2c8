"""Creates the desired resources in order: bucket, bundle, topics, model, endpoint configuration, endpoint.

`apply` looks once at what exists; every step then creates or adopts, so running it again after any interruption
finishes the work. The same code serves the local cloud and AWS; only `clients` differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from deploy.apply.endpoint import ensure_endpoint
from deploy.apply.ledger import Kind, Ledger
from deploy.apply.steps import OnStep, Step, Work, ignore
from deploy.apply.storage import ensure_bucket, ensure_bundle
from deploy.aws import Clients, describe
from deploy.core.errors import ConfigurationError
from deploy.core.waiting import REAL_TIME, Clock
from deploy.plan.observe import Description, ObservedResources, observe_resources
from deploy.resources import EndpointConfig, Model, Topic, without_secrets
from deploy.resources.desired_state import Desired

# Finding an instance and starting its host may take this long, on top of the container's own time-outs.
_PROVISIONING_SECONDS = 1800.0


@dataclass(frozen=True)
class Applied:
    """What exists after `apply`."""

    release: str
    bucket: str
    bundle_url: str
    input_url: str
    """Prefix for request inputs, without a trailing slash."""
    output_url: str
    failure_url: str
    success_topic_arn: str
    error_topic_arn: str
    model_name: str
    endpoint_config_name: str
    endpoint_name: str
    endpoint_arn: str
    steps: tuple[Step, ...]

    @property
    def changed(self) -> bool:
        return any(step.outcome in ("created", "updated", "deleted") for step in self.steps)


def apply(
    desired: Desired,
    clients: Clients,
    *,
    ledger: Ledger,
    on_step: OnStep = ignore,
    clock: Clock = REAL_TIME,
    timeout_seconds: float | None = None,
) -> Applied:
    """Create or adopt everything in `desired`; returns when the endpoint serves it.

    `timeout_seconds` bounds the wait for the endpoint; the default follows from its start-up time-outs. Raises
    AwsRefused, ConfigurationError, EndpointFailed or TimedOut; the ledger then holds what was done so far.
    """
    work = Work(clients, ledger, on_step, clock, desired.account, desired.region)
    ensure_bucket(work, desired.bucket)
    observed = observe_resources(desired, clients)
    prepare(work, desired, observed)
    patience = timeout_seconds or patience_seconds(desired)
    endpoint = ensure_endpoint(work, desired.endpoint, observed.endpoint, timeout_seconds=patience)
    return _applied(desired, endpoint, work)


def prepare(work: Work, desired: Desired, observed: ObservedResources) -> None:
    """Create everything that the endpoint needs and that costs nothing; the bucket must exist."""
    ensure_bundle(work, desired.bundle, observed.bundle)
    for topic in (desired.success_topic, desired.error_topic):
        _ensure_topic(work, topic, exists=topic.arn in observed.topics)
    _ensure_model(work, desired.model, observed.model)
    _ensure_endpoint_config(work, desired.endpoint_config, observed.endpoint_config)


def _ensure_topic(work: Work, topic: Topic, *, exists: bool) -> None:
    if exists:
        work.adopt("topic", topic.arn, called=topic.name)
    else:
        work.create("topic", topic.arn, lambda: work.clients.sns.create_topic(**topic.request()), called=topic.name)


def _ensure_model(work: Work, model: Model, found: Description | None) -> None:
    if found is None and work.create(
        "model", model.name, lambda: work.clients.sagemaker.create_model(**model.request())
    ):
        return
    found = found or describe.model(work.clients, model.name)
    _adopt_if_same(work, "model", model.name, without_secrets(model.request()), without_secrets(found or {}))


def _ensure_endpoint_config(work: Work, config: EndpointConfig, found: Description | None) -> None:
    """Describe the configuration after creating it, as AWS advises, because its store is eventually consistent."""
    name, sagemaker = config.name, work.clients.sagemaker
    if found is None and work.create(
        "endpoint-config", name, lambda: sagemaker.create_endpoint_config(**config.request())
    ):
        describe.endpoint_config(work.clients, name)
        return
    found = found or describe.endpoint_config(work.clients, name)
    _adopt_if_same(work, "endpoint-config", name, config.request(), found)


def _adopt_if_same(
    work: Work, kind: Kind, name: str, wanted: Mapping[str, Any], found: Mapping[str, Any] | None
) -> None:
    """Adopt the resource if it has the same contents. Its name is a hash of them, so somebody else made any other."""
    different = describe.differences(wanted, found)
    if different:
        raise ConfigurationError(
            f"{kind} {name} exists with other contents ({'; '.join(different[:3])}): its name is a hash of what it "
            "should say, so somebody else made it. Delete it, or change project.name"
        )
    work.adopt(kind, name)


def patience_seconds(desired: Desired) -> float:
    """How long a new fleet may take."""
    config = desired.endpoint_config
    return config.model_download_timeout_seconds + config.startup_timeout_seconds + _PROVISIONING_SECONDS


def _applied(desired: Desired, endpoint: Mapping[str, Any], work: Work) -> Applied:
    return Applied(
        release=desired.release,
        bucket=desired.bucket.name,
        bundle_url=desired.bundle.name,
        input_url=f"s3://{desired.bucket.name}/{desired.input_prefix}",
        output_url=desired.endpoint_config.output_path,
        failure_url=desired.endpoint_config.failure_path,
        success_topic_arn=desired.success_topic.arn,
        error_topic_arn=desired.error_topic.arn,
        model_name=desired.model.name,
        endpoint_config_name=desired.endpoint_config.name,
        endpoint_name=desired.endpoint.name,
        endpoint_arn=endpoint["EndpointArn"],
        steps=tuple(work.steps),
    )
