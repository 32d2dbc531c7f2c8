"""Environment variables and an AWS config file that point any AWS client at the local environment.

Source of the names: AWS SDKs and Tools Reference Guide, "Service-specific endpoints".
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path

from deploy.core.files import PRIVATE, write_text
from harness.local_cloud.clients import dummy_credentials
from harness.local_environment.record import LocalEnvironment

PROFILE = "rehearsal"
EMULATED_SERVICES = ("SAGEMAKER", "SAGEMAKER_RUNTIME", "APPLICATION_AUTO_SCALING", "CLOUDWATCH_LOGS")
CLOUD_SERVICES = ("S3", "SNS", "SQS", "STS", "IAM", "CLOUDWATCH", "KMS")


def environment(running: LocalEnvironment) -> Mapping[str, str]:
    """The variables. `AWS_ENDPOINT_URL` covers every service without one of its own, so that none reaches AWS."""
    return {
        "AWS_ENDPOINT_URL": running.cloud_url,
        **{f"AWS_ENDPOINT_URL_{name}": running.cloud_url for name in CLOUD_SERVICES},
        **{f"AWS_ENDPOINT_URL_{name}": running.sagemaker_url for name in EMULATED_SERVICES},
        **dummy_credentials(),
        "AWS_REGION": running.region,
        "AWS_DEFAULT_REGION": running.region,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def shell_lines(running: LocalEnvironment) -> str:
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in environment(running).items())


def write_config_file(running: LocalEnvironment, path: Path) -> Path:
    """An AWS config file with a profile `rehearsal`: `AWS_CONFIG_FILE=... aws --profile rehearsal ...`."""
    services = {name.lower(): running.cloud_url for name in CLOUD_SERVICES}
    services |= {name.lower(): running.sagemaker_url for name in EMULATED_SERVICES}
    credentials = {name.lower(): value for name, value in dummy_credentials().items()}
    profile = {"region": running.region, **credentials, "endpoint_url": running.cloud_url, "services": PROFILE}
    lines = [f"[profile {PROFILE}]", *(f"{name} = {value}" for name, value in profile.items())]
    lines += ["", f"[services {PROFILE}]"]
    for name, url in services.items():
        lines += [f"{name} =", f"  endpoint_url = {url}"]
    write_text(path, "\n".join(lines) + "\n", PRIVATE)
    return path
