"""The desired state as values: what a project and a bundle mean on AWS.

`serving` holds the resources of an endpoint and `desired_state` derives them, with `container_environment` for the
container; `monitoring` holds alarms and scaling and `scaling` derives them; `iam_policy` is what the roles may do.
Pure: nothing here asks or changes AWS.
"""

from deploy.resources.serving import (
    VARIANT,
    Bucket,
    BundleObject,
    Endpoint,
    EndpointConfig,
    Model,
    Topic,
    s3_checksum,
    tag_list,
    without_secrets,
)

__all__ = [
    "VARIANT",
    "Bucket",
    "BundleObject",
    "Endpoint",
    "EndpointConfig",
    "Model",
    "Topic",
    "s3_checksum",
    "tag_list",
    "without_secrets",
]
