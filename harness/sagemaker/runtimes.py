"""Which runtime `--runtime` names: `process`, `docker`, or the address of a container that somebody else runs."""

from __future__ import annotations

import shutil

from harness.cloud.clients import local_client
from harness.errors import ConfigurationError
from harness.sagemaker.settings import EmulatorSettings
from harness.serving.runtime import Instance, InstanceExit, InstanceFacts, InstanceSpec, Runtime


def open_runtime(name: str, settings: EmulatorSettings) -> Runtime:
    """Raises ConfigurationError for a name that means nothing. Imports only what is chosen."""
    if name == "process":
        from harness.serving.process import ProcessRuntime

        s3 = local_client("s3", endpoint_url=settings.cloud_url, region=settings.account.region)
        return ProcessRuntime(settings.state_dir, s3)
    if name == "docker":
        return _docker(settings)
    if name.startswith(("http://", "https://")):
        return AddressRuntime(name)
    raise ConfigurationError(f"unknown runtime {name!r}; choose process, docker, or the http:// address of a container")


def _docker(settings: EmulatorSettings) -> Runtime:
    from harness.serving.docker_engine import Engine
    from harness.serving.docker_runtime import DockerRuntime, DockerSettings

    chosen = DockerSettings(
        s3_endpoint_url=settings.cloud_url, session_id=settings.state_dir.name, region=settings.account.region
    )
    return DockerRuntime(chosen, Engine.connect())


class AddressRuntime:
    """Every instance is the container at one address, started and stopped by somebody else: a debugger, a test."""

    name = "address"

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url.rstrip("/")

    def start(self, spec: InstanceSpec) -> Instance:
        return AddressInstance(spec, self._base_url)


class AddressInstance:
    def __init__(self, spec: InstanceSpec, base_url: str) -> None:
        self._spec = spec
        self._base_url = base_url

    @property
    def spec(self) -> InstanceSpec:
        return self._spec

    @property
    def base_url(self) -> str:
        return self._base_url

    def ended(self) -> InstanceExit | None:
        return None

    def log_tail(self, lines: int = 50) -> str:  # noqa: ARG002 - the seam's signature
        return f"the container at {self._base_url} writes its log elsewhere"

    def facts(self) -> InstanceFacts:
        return InstanceFacts(AddressRuntime.name, facts={"base_url": self._base_url})

    def stop(self, grace_seconds: float = 30.0) -> None:  # noqa: ARG002 - nothing of ours to stop
        shutil.rmtree(self._spec.work_dir, ignore_errors=True)
