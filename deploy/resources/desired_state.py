"""Derives the wanted resources of a project and a bundle in one account (`desired_state_of`). May not: call AWS.

Model and endpoint configuration are immutable on AWS, so their names end in a hash of their contents: the same inputs
give the same names again, other inputs make new resources beside the old, and a rollback names the old ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from deploy.bundle import Bundle
from deploy.config import Project
from deploy.config.images import image_uri, inference_ami, partition
from deploy.core.digests import digest_of
from deploy.resources import Bucket, BundleObject, Endpoint, EndpointConfig, Model, Topic
from deploy.resources.container_environment import container_environment

EXPIRES_TAG = "rehearsal:expires"
_HASH_DIGITS = 12


@dataclass(frozen=True)
class Desired:
    """Everything to deploy, in the order in which it must be created."""

    project_name: str
    project_digest: str
    account: str
    region: str
    release: str
    """Twelve hex digits of the hash of model and endpoint configuration."""
    bucket: Bucket
    bundle: BundleObject
    success_topic: Topic
    error_topic: Topic
    model: Model
    endpoint_config: EndpointConfig
    endpoint: Endpoint
    input_prefix: str
    """Inputs are uploaded below `s3://<bucket>/<input_prefix>/`."""
    invocation_timeout_seconds: int
    request_ttl_seconds: int
    releases_prefix: str
    """The prefix of the endpoint's release records, pointer and lock in the bucket."""

    def back_to(self, config_name: str) -> Endpoint:
        """The same endpoint on an older configuration."""
        return replace(self.endpoint, config_name=config_name)


def desired_state_of(
    project: Project, bundle: Bundle, account: str, role: str, *, expires: datetime | None = None
) -> Desired:
    """`expires` is when `deploy expire` may delete the endpoint.

    Raises ConfigurationError when there is no container for the project, or its environment is not allowed.
    """
    bucket = Bucket(project.bucket(account), project.endpoint.region, project.storage.create_bucket)
    key = f"{project.storage.models}/{bundle.sha256}/{bundle.path.name}"
    tags = {"rehearsal:project": project.name}
    success, error = (_topic(project, account, name, tags) for name in (project.success_topic, project.error_topic))
    stored = BundleObject(bucket.name, key, bundle.path, bundle.sha256, bundle.size_bytes)
    model = Model("", role, image_uri(project), stored.name, container_environment(project), {})
    config = _endpoint_config(project, bucket.name, success.arn, error.arn)
    release = digest_of([_content(model.request()), _content(config.request())])[:_HASH_DIGITS]
    name = f"{project.name}-{release}"
    tags |= {"rehearsal:bundle": bundle.sha256, "rehearsal:release": release}
    return Desired(
        project_name=project.name,
        project_digest=project.digest(),
        account=account,
        region=project.endpoint.region,
        release=release,
        bucket=bucket,
        bundle=stored,
        success_topic=success,
        error_topic=error,
        model=replace(model, name=name, tags=tags),
        endpoint_config=replace(config, name=name, model_name=name, tags=tags),
        endpoint=Endpoint(project.endpoint_name, name, tags | _expiry(expires)),
        input_prefix=project.storage.input,
        invocation_timeout_seconds=project.endpoint.invocation_timeout_seconds,
        request_ttl_seconds=project.endpoint.request_ttl_seconds,
        releases_prefix=f"{project.storage.releases}/{project.endpoint_name}",
    )


def _expiry(expires: datetime | None) -> dict[str, str]:
    return {} if expires is None else {EXPIRES_TAG: expires.isoformat(timespec="seconds")}


def _topic(project: Project, account: str, name: str, tags: Mapping[str, str]) -> Topic:
    region = project.endpoint.region
    return Topic(name, f"arn:{partition(region)}:sns:{region}:{account}:{name}", tags)


def _endpoint_config(project: Project, bucket: str, success_arn: str, error_arn: str) -> EndpointConfig:
    endpoint, storage = project.endpoint, project.storage
    return EndpointConfig(
        name="",
        model_name="",
        instance_type=endpoint.instance_type,
        initial_instance_count=endpoint.initial_instance_count,
        model_download_timeout_seconds=endpoint.model_download_timeout_seconds,
        startup_timeout_seconds=endpoint.startup_timeout_seconds,
        inference_ami_version=inference_ami(project),
        max_concurrent_invocations_per_instance=endpoint.max_concurrent_invocations_per_instance,
        output_path=f"s3://{bucket}/{storage.output}",
        failure_path=f"s3://{bucket}/{storage.failure}",
        success_topic_arn=success_arn,
        error_topic_arn=error_arn,
        include_response_in=project.notifications.include_response_in,
        tags={},
        is_realtime=endpoint.mode == "realtime",
    )


def _content(request: Mapping[str, Any]) -> Mapping[str, Any]:
    return {key: value for key, value in request.items() if key not in ("ModelName", "EndpointConfigName", "Tags")}
