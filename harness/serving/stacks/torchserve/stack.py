"""TorchServe as a `Stack`: the parts of this package put together, and the start of a container that has no image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

import httpx

from harness.serving.stacks.contract.placement import ArchiveLayout, Launch, Needs, Placement, Requirement
from harness.serving.stacks.torchserve import health, timeouts
from harness.serving.stacks.torchserve.container_environment import Ports, container_environment
from harness.serving.stacks.torchserve.java import find_java
from harness.serving.stacks.torchserve.log import TorchServeLog

JAVA = Requirement("java", find_java, "install a JRE 17, or `uv sync` for the packaged one")

_MAIN = Path(__file__).with_name("container_main.py")
_CONFIG = "sagemaker-ts.properties"
# TorchServe puts UNIX sockets into the temporary folder; the path of a socket may have 107 characters.
_LONGEST_TEMP_PATH_BYTES = 107 - len("/.ts.sock.65535")
_ARCHIVE = ArchiveLayout(code_folder="code", requirements="code/requirements.txt")
_NEEDS = Needs(tuple(port.name for port in fields(Ports)), (JAVA,), _LONGEST_TEMP_PATH_BYTES)
_LOG = TorchServeLog()


@dataclass(frozen=True)
class TorchServe:
    name: str = "torchserve"
    archive: ArchiveLayout = _ARCHIVE
    needs: Needs = _NEEDS
    log: TorchServeLog = _LOG
    packages: tuple[str, ...] = ("torchserve", "sagemaker-pytorch-inference")
    worker_mark: str = "model_service_worker"
    """The script that TorchServe's worker processes run."""

    def launch(self, placement: Placement) -> Launch:
        folders = placement.folders
        environment = container_environment(
            inherited=placement.inherited,
            specified=placement.specified,
            folders=folders,
            ports=Ports(**placement.ports),
            java_home=placement.programs[JAVA.name].home,
            python_bin=placement.python.parent,
            region=placement.region,
        )
        if self.archive.requirements and (folders.model_dir / self.archive.requirements).exists():
            environment = _with_installer_settings(environment, placement.installer)
        command = (placement.python, "-P", _MAIN, folders.work_dir / _CONFIG, folders.venv_dir)
        return Launch(command, environment)

    def is_loaded(self, base_url: str, client: httpx.Client) -> bool:
        return health.is_loaded(base_url, client)

    def response_timeout_seconds(self, environment: Mapping[str, str]) -> float:
        return timeouts.response_timeout_seconds(environment)


def _with_installer_settings(environment: dict[str, str], installer: Mapping[str, str]) -> dict[str, str]:
    home = installer.get("HOME", environment["HOME"])
    return {**installer, **environment, "REHEARSAL_INSTALLER_HOME": home}


TORCHSERVE = TorchServe()
