"""Opens the runtime that `--runtime` names: `process`, `docker`, or the address of a container run by someone else."""

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
    """The command line's options for instances."""

    name: str = "process"
    """`process`, `docker`, or the address of a container."""
    image: str | None = None
    """Docker only: the image that runs instead of the model's own."""
    gpu: bool = False
    session_id: str = "emulator"
    """The label by which stray containers are found."""
    limits: MachineLimits = UNLIMITED


def open_runtime(asked: RuntimeAsked, settings: EmulatorSettings) -> Runtime:
    """Raises ConfigurationError for an unknown name, MachineCannot when this machine lacks the runtime."""
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
    """End the containers that a killed emulator of this state folder left behind; return a line for each."""
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
    """Every instance is the container at one address, which someone else (a debugger, a test) starts and stops."""

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
        """Return None: the container may run on another machine."""

    def stop(self, grace_seconds: float = 30.0) -> None:  # noqa: ARG002 - someone else stops it
        shutil.rmtree(self._spec.work_dir, ignore_errors=True)
