"""Which runtime `--runtime` names: `process`, `docker`, or the address of a container that somebody else runs."""

from __future__ import annotations

import shutil
from dataclasses import dataclass

from harness.core.errors import ConfigurationError
from harness.docker.engine import Engine
from harness.emulator.context.settings import EmulatorSettings
from harness.serving.instances.runtime import Instance, InstanceExit, InstanceFacts, InstanceSpec, Runtime
from harness.serving.runtimes.choose import Choice, RuntimeKind, make_runtime
from harness.serving.runtimes.docker_limits import UNLIMITED, MachineLimits
from harness.serving.runtimes.docker_sweep import sweep_docker_below


@dataclass(frozen=True)
class RuntimeAsked:
    """What the command line says of the instances."""

    name: str = "process"
    """`process`, `docker`, or the address of a container."""
    image: str | None = None
    """Docker only: runs in place of the image that the model names."""
    gpu: bool = False
    session_id: str = "emulator"
    """The label that containers carry, so that strays are found."""
    limits: MachineLimits = UNLIMITED


def open_runtime(asked: RuntimeAsked, settings: EmulatorSettings) -> Runtime:
    """Raises ConfigurationError for a name that means nothing, MachineCannot when there is no such runtime here."""
    if asked.name.startswith(("http://", "https://")):
        return AddressRuntime(asked.name)
    return make_runtime(
        Choice(_kind(asked.name), "it was asked for", asked.image, asked.gpu),
        state_dir=settings.state_dir,
        cloud_url=settings.cloud_url,
        session_id=asked.session_id,
        region=settings.account.region,
        limits=asked.limits,
    )


def end_strays(asked: RuntimeAsked, settings: EmulatorSettings) -> tuple[str, ...]:
    """Containers that an earlier emulator of the same state folder left when it was killed; a line each."""
    if asked.name != "docker":
        return ()
    with Engine.connect() as engine:
        swept = sweep_docker_below(engine, settings.state_dir)
    return (*swept.removed, *swept.failed)


def _kind(name: str) -> RuntimeKind:
    kinds: dict[str, RuntimeKind] = {"process": "process", "docker": "docker"}
    if name in kinds:
        return kinds[name]
    raise ConfigurationError(f"unknown runtime {name!r}; choose process, docker, or the http:// address of a container")


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

    def usage(self) -> None:
        """It runs wherever it runs."""

    def stop(self, grace_seconds: float = 30.0) -> None:  # noqa: ARG002 - nothing of ours to stop
        shutil.rmtree(self._spec.work_dir, ignore_errors=True)
