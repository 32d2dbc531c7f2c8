"""The environment of a container that is a process: what the image sets, what the user sets, what the platform sets.

Pure: it is given everything. The caller's AWS credentials and Python settings never get in.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

LOOPBACK_URL = "http://127.0.0.1"
BASE_FOLDER = "ml"
"""Stands for /opt/ml."""

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


@dataclass(frozen=True)
class Layout:
    """The folders of one instance."""

    work_dir: Path
    temp_dir: Path
    """Short: TorchServe puts UNIX sockets there, whose path may have 107 characters."""

    @property
    def base_dir(self) -> Path:
        return self.work_dir / BASE_FOLDER

    @property
    def model_dir(self) -> Path:
        return self.base_dir / "model"

    @property
    def home_dir(self) -> Path:
        return self.work_dir / "home"

    @property
    def logs_dir(self) -> Path:
        return self.work_dir / "logs"

    @property
    def venv_dir(self) -> Path:
        """The instance's own packages, where its model has a requirements.txt."""
        return self.work_dir / "venv"

    @property
    def config_path(self) -> Path:
        return self.work_dir / "sagemaker-ts.properties"


def container_environment(
    *,
    inherited: Mapping[str, str],
    specified: Mapping[str, str],
    layout: Layout,
    ports: Ports,
    java_home: Path,
    python_bin: Path,
    region: str,
) -> dict[str, str]:
    """Later wins: the machine, the image, the SDK, CreateModel's Environment, and last where things are here."""
    sdk = SDK | {"SAGEMAKER_SUBMIT_DIRECTORY": str(layout.model_dir / "code"), "SAGEMAKER_REGION": region}
    return {
        **inherited,
        **IMAGE,
        **_nobody(),
        **sdk,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        **specified,
        **_placement(layout, java_home),
        "PATH": f"{python_bin}:{inherited.get('PATH', os.defpath)}",
        **_addresses(ports),
    }


def _nobody() -> dict[str, str]:
    """No AWS identity unless the user gives one: not the caller's files, not the metadata of a machine on EC2."""
    return {
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    }


def _placement(layout: Layout, java_home: Path) -> dict[str, str]:
    return {
        "HOME": str(layout.home_dir),
        "TEMP": str(layout.temp_dir),
        "SAGEMAKER_BASE_DIR": str(layout.base_dir),
        "LOG_LOCATION": str(layout.logs_dir),
        "METRICS_LOCATION": str(layout.logs_dir),
        "JAVA_HOME": str(java_home),
    }


def _addresses(ports: Ports) -> dict[str, str]:
    """The toolkit's text binds every interface on 8080; its `enable_envvars_config=true` lets these variables win.

    As in the container, management has the address of inference, which makes TorchServe serve both on one port.
    """
    return {
        "TS_INFERENCE_ADDRESS": f"{LOOPBACK_URL}:{ports.inference}",
        "TS_MANAGEMENT_ADDRESS": f"{LOOPBACK_URL}:{ports.inference}",
        "TS_METRICS_ADDRESS": f"{LOOPBACK_URL}:{ports.metrics}",
        "TS_GRPC_INFERENCE_PORT": str(ports.grpc_inference),
        "TS_GRPC_MANAGEMENT_PORT": str(ports.grpc_management),
    }
