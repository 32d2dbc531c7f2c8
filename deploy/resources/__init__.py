"""Derives the desired state from a project and a bundle: the wanted AWS resources as values.

`serving` holds the resources of an endpoint and `desired_state` derives them, with `container_environment` for the
container; `monitoring` holds alarms and scaling and `scaling` derives them; `iam_policy` derives what the roles may do.
Nothing here calls AWS.
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
