"""The environment of a container without an image: what the image would set, the SDK, the platform and the user.

Pure: it is given everything. The caller's AWS credentials and Python settings never get in.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.serving.stacks.contract.placement import Folders, platform_environment

LOOPBACK_URL = "http://127.0.0.1"

# What the official PyTorch inference images set in their Dockerfile.
IMAGE = {
    "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONUNBUFFERED": "1",
    "PYTHONIOENCODING": "UTF-8",
}

# What the SageMaker SDK puts into every PyTorch model's environment.
SDK = {
    "SAGEMAKER_PROGRAM": "inference.py",
    "SAGEMAKER_CONTAINER_LOG_LEVEL": "20",
}


@dataclass(frozen=True)
class Ports:
    inference: int
    metrics: int
    grpc_inference: int
    grpc_management: int


def container_environment(
    *,
    inherited: Mapping[str, str],
    specified: Mapping[str, str],
    folders: Folders,
    ports: Ports,
    java_home: Path,
    python_bin: Path,
    region: str,
) -> dict[str, str]:
    """Later wins: the machine, the image, the platform, the SDK, CreateModel's Environment, the placement."""
    sdk = SDK | {"SAGEMAKER_SUBMIT_DIRECTORY": str(folders.model_dir / "code"), "SAGEMAKER_REGION": region}
    return {
        **inherited,
        **IMAGE,
        **platform_environment(region),
        **sdk,
        **specified,
        **_placement(folders, java_home),
        "PATH": f"{python_bin}:{inherited.get('PATH', os.defpath)}",
        **_addresses(ports),
    }


def _placement(folders: Folders, java_home: Path) -> dict[str, str]:
    return {
        "HOME": str(folders.home_dir),
        "TEMP": str(folders.temp_dir),
        "SAGEMAKER_BASE_DIR": str(folders.base_dir),
        "LOG_LOCATION": str(folders.logs_dir),
        "METRICS_LOCATION": str(folders.logs_dir),
        "JAVA_HOME": str(java_home),
    }


def _addresses(ports: Ports) -> dict[str, str]:
    """The toolkit's configuration binds every interface on 8080; `enable_envvars_config=true` lets these variables win.

    As in the container, management has the address of inference, which makes TorchServe serve both on one port.
    """
    return {
        "TS_INFERENCE_ADDRESS": f"{LOOPBACK_URL}:{ports.inference}",
        "TS_MANAGEMENT_ADDRESS": f"{LOOPBACK_URL}:{ports.inference}",
        "TS_METRICS_ADDRESS": f"{LOOPBACK_URL}:{ports.metrics}",
        "TS_GRPC_INFERENCE_PORT": str(ports.grpc_inference),
        "TS_GRPC_MANAGEMENT_PORT": str(ports.grpc_management),
    }
