"""What an endpoint runs: a frozen copy of an endpoint config and its models, taken when the endpoint is deployed.

It is a copy because AWS lets callers delete a model or config while the endpoint that was made from it still runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

SERVICE_DEFAULT_STARTUP_SECONDS = 480.0


@dataclass(frozen=True)
class NotificationSettings:
    success_topic: str | None = None
    error_topic: str | None = None
    include_body_in: tuple[str, ...] = ()


@dataclass(frozen=True)
class AsyncSettings:
    """The parsed AsyncInferenceConfig."""

    output_path: str | None
    failure_path: str | None
    kms_key_id: str | None
    max_concurrent_per_instance: int | None
    notifications: NotificationSettings

    @staticmethod
    def from_request(document: Mapping[str, Any]) -> AsyncSettings:
        output = document["OutputConfig"]
        notification = output.get("NotificationConfig") or {}
        return AsyncSettings(
            output_path=output.get("S3OutputPath"),
            failure_path=output.get("S3FailurePath"),
            kms_key_id=output.get("KmsKeyId"),
            max_concurrent_per_instance=(document.get("ClientConfig") or {}).get("MaxConcurrentInvocationsPerInstance"),
            notifications=NotificationSettings(
                notification.get("SuccessTopic"),
                notification.get("ErrorTopic"),
                tuple(notification.get("IncludeInferenceResponseIn") or ()),
            ),
        )


@dataclass(frozen=True)
class VariantPlan:
    """One production variant with the container of its model."""

    name: str
    model_name: str
    initial_instance_count: int
    initial_weight: float
    instance_type: str | None
    image: str
    model_data_url: str | None
    environment: Mapping[str, str] = field(default_factory=dict)
    startup_timeout_seconds: float = SERVICE_DEFAULT_STARTUP_SECONDS


@dataclass(frozen=True)
class Deployment:
    config_name: str
    variants: tuple[VariantPlan, ...]
    async_request: Mapping[str, Any] | None
    """AsyncInferenceConfig as the caller sent it; DescribeEndpoint returns it unchanged."""

    @property
    def async_settings(self) -> AsyncSettings | None:
        return None if self.async_request is None else AsyncSettings.from_request(self.async_request)

    @property
    def topics(self) -> tuple[str, ...]:
        settings = self.async_settings
        if settings is None:
            return ()
        both = (settings.notifications.success_topic, settings.notifications.error_topic)
        return tuple(dict.fromkeys(topic for topic in both if topic))

    def variant(self, name: str) -> VariantPlan | None:
        return next((plan for plan in self.variants if plan.name == name), None)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_json(document: Mapping[str, Any]) -> Deployment:
        variants = tuple(VariantPlan(**plan) for plan in document["variants"])
        return Deployment(document["config_name"], variants, document["async_request"])


def container_of(model_request: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return PrimaryContainer, or else the only member of Containers."""
    primary: Mapping[str, Any] | None = model_request.get("PrimaryContainer")
    return primary if primary is not None else model_request["Containers"][0]


def model_data_url(container: Mapping[str, Any]) -> str | None:
    url: str | None = container.get("ModelDataUrl")
    if url is None:
        source = (container.get("ModelDataSource") or {}).get("S3DataSource") or {}
        url = source.get("S3Uri")
    return url


def plan_variant(variant: Mapping[str, Any], model_request: Mapping[str, Any]) -> VariantPlan:
    container = container_of(model_request)
    return VariantPlan(
        name=variant["VariantName"],
        model_name=variant["ModelName"],
        initial_instance_count=variant.get("InitialInstanceCount", 1),
        initial_weight=float(variant.get("InitialVariantWeight", 1.0)),
        instance_type=variant.get("InstanceType"),
        image=container.get("Image", ""),
        model_data_url=model_data_url(container),
        environment=dict(container.get("Environment") or {}),
        startup_timeout_seconds=float(
            variant.get("ContainerStartupHealthCheckTimeoutInSeconds", SERVICE_DEFAULT_STARTUP_SECONDS)
        ),
    )
