"""Which container and which host a project means."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.config.images import image_uri, inference_ami
from deploy.core.errors import ConfigurationError
from tests.deploy.projects import write_project


@pytest.mark.parametrize(
    ("region", "registry"),
    [
        ("us-east-1", "763104351884.dkr.ecr.us-east-1.amazonaws.com"),
        ("af-south-1", "626614931356.dkr.ecr.af-south-1.amazonaws.com"),
        ("cn-north-1", "727897471807.dkr.ecr.cn-north-1.amazonaws.com.cn"),
        ("us-gov-west-1", "442386744353.dkr.ecr.us-gov-west-1.amazonaws.com"),
    ],
)
def test_the_registry_is_the_regions_own(tmp_path: Path, region: str, registry: str) -> None:
    project = write_project(tmp_path, extra=f"[endpoint]\nregion = '{region}'\n")
    assert image_uri(project) == f"{registry}/pytorch-inference:2.6.0-gpu-py312"


@pytest.mark.parametrize(
    ("instance_type", "processor", "ami"),
    [
        ("ml.g4dn.xlarge", "gpu", "al2-ami-sagemaker-inference-gpu-3-1"),
        ("ml.p5.48xlarge", "gpu", "al2-ami-sagemaker-inference-gpu-3-1"),
        ("ml.c6i.xlarge", "cpu", None),
        ("ml.m5.large", "cpu", None),
    ],
)
def test_instances_with_a_gpu_get_the_gpu_image_and_a_host_with_its_cuda(
    tmp_path: Path, instance_type: str, processor: str, ami: str | None
) -> None:
    project = write_project(tmp_path, extra=f"[endpoint]\ninstance_type = '{instance_type}'\n")
    assert image_uri(project).endswith(f":2.6.0-{processor}-py312")
    assert inference_ami(project) == ami


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        ("[endpoint]\nregion = 'xx-north-9'\n", "not in the table of PyTorch containers"),
        ("[endpoint]\ninstance_type = 'ml.inf2.xlarge'\n", "neither x86 CPU nor NVIDIA GPU"),
        ("[endpoint]\ninstance_type = 'ml.c7g.xlarge'\n", "neither x86 CPU nor NVIDIA GPU"),
        ("[container]\nframework_version = '9.9.9'\n", "no container for framework_version '9.9.9'"),
        ("[container]\npython = 'py311'\n", "with 'py311'"),
    ],
)
def test_what_is_not_in_the_table_is_refused(tmp_path: Path, extra: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        image_uri(write_project(tmp_path, extra=extra))


def test_an_image_of_ones_own_is_taken_as_it_is(tmp_path: Path) -> None:
    endpoint = "[endpoint]\ninstance_type = 'ml.c7g.xlarge'\nregion = 'xx-north-9'\n"
    project = write_project(tmp_path, extra="[container]\nimage = 'example.org/mine:1'\n" + endpoint)
    assert image_uri(project) == "example.org/mine:1"
    assert inference_ami(project) is None


def test_a_host_image_named_in_the_project_wins(tmp_path: Path) -> None:
    extra = "[endpoint]\ninference_ami_version = 'al2-ami-sagemaker-inference-gpu-2-1'\n"
    assert inference_ami(write_project(tmp_path, extra=extra)) == "al2-ami-sagemaker-inference-gpu-2-1"
