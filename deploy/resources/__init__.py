"""The desired state as values: what an endpoint consists of, how it scales, what watches it, and what its roles may do.

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
