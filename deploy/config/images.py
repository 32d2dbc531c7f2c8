"""Finds a project's container image and host image in the dated tables in data/.

May not: call a registry; the digest is read from AWS where the image is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deploy.config import Project
from deploy.core.errors import ConfigurationError
from deploy.core.tables import table

_GPU_FAMILIES = ("g", "p")
_ARM_FAMILIES = ("a1", "c6g", "c7g", "c8g", "m6g", "m7g", "m8g", "r6g", "r7g", "r8g", "t4g", "g5g", "p6e")
_NEURON_FAMILIES = ("inf", "trn", "dl")


def partition(region: str) -> str:
    for prefix, name in (("cn-", "aws-cn"), ("us-gov-", "aws-us-gov")):
        if region.startswith(prefix):
            return name
    return "aws"


def image_uri(project: Project) -> str:
    """The image that CreateModel gets. Raises ConfigurationError for a region, version or instance without one."""
    if project.container.image:
        return project.container.image
    images, region = table("pytorch_inference_images"), project.endpoint.region
    account = images["accounts"].get(region)
    if account is None:
        raise ConfigurationError(
            f"{project.path}: endpoint.region = {region!r} is not in the table of PyTorch containers "
            f"(as of {images['as_of']}: {', '.join(sorted(images['accounts']))}). "
            "If AWS has the container there by now, give its URI as [container] image"
        )
    domain = images["domains"][partition(region)]
    return f"{account}.dkr.ecr.{region}.{domain}/{images['repository']}:{_tag(project, images)}"


def inference_ami(project: Project) -> str | None:
    """InferenceAmiVersion: the host whose driver has the container's CUDA version.

    SageMaker's default host has an older driver, and with a host of another CUDA major the endpoint stays in Creating
    without a line of log (aws/deep-learning-containers#6187). None for CPU instances and for custom images.
    """
    if project.endpoint.inference_ami_version or processor(project) == "cpu" or project.container.image:
        return project.endpoint.inference_ami_version
    hosts = table("inference_amis")
    needed = _version(hosts["container_cuda"][project.container.framework_version])
    fitting = [
        ami for ami in hosts["amis"] if _version(ami["cuda"]) >= needed and _version(ami["cuda"])[0] == needed[0]
    ]
    return str(min(fitting, key=lambda ami: _version(ami["cuda"]))["name"]) if fitting else None


def image_packages(project: Project) -> Mapping[str, str]:
    """Packages of the project's image by name, with their versions: those that the table knows, none of another's."""
    known: Mapping[str, str] = table("pytorch_inference_images")["packages"].get(
        project.container.framework_version, {}
    )
    return {} if project.container.image else known


def processor(project: Project) -> str:
    """`cpu` or `gpu`, from the family in ml.<family>.<size>."""
    family = project.endpoint.instance_type.split(".")[1]
    if project.container.image is None and family.startswith(_ARM_FAMILIES + _NEURON_FAMILIES):
        raise ConfigurationError(
            f"{project.path}: endpoint.instance_type = {project.endpoint.instance_type!r} is neither x86 CPU nor "
            "NVIDIA GPU: the PyTorch containers do not run there. Choose another type, or give [container] image"
        )
    return "gpu" if family.startswith(_GPU_FAMILIES) else "cpu"


def _tag(project: Project, images: dict[str, Any]) -> str:
    version, python = project.container.framework_version, project.container.python
    known = images["python_versions"]
    if python not in known.get(version, ()):
        offered = ", ".join(f"{each} with {'/'.join(pythons)}" for each, pythons in sorted(known.items()))
        raise ConfigurationError(
            f"{project.path}: there is no container for framework_version {version!r} with {python!r} in the table "
            f"(as of {images['as_of']}: {offered}). Choose one of these, or give [container] image"
        )
    return f"{version}-{processor(project)}-{python}"


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))
