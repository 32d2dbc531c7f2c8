"""Which runtime a rehearsal uses (processes or Docker), with which image, and why.

`choose` looks at the machine; `make_runtime` makes what was chosen, and imports nothing of the other runtime.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from harness.core.errors import ConfigurationError, MachineCannot
from harness.docker.engine import Engine
from harness.local_cloud.clients import DEFAULT_REGION, local_client
from harness.serving.images.pinned import how_to_get, official_image
from harness.serving.images.recipe import COMPATIBLE_IMAGE
from harness.serving.instances.gpu import gpus
from harness.serving.instances.runtime import Runtime
from harness.serving.runtimes.docker_limits import UNLIMITED, MachineLimits
from harness.serving.stacks import Stack, default_stack

RuntimeKind = Literal["process", "docker", "address"]


@dataclass(frozen=True)
class Choice:
    kind: RuntimeKind
    why: str
    """One line for people."""
    image: str | None = None
    """What Docker runs; None for the process runtime."""
    gpu: bool = False
    address: str | None = None
    """Where a container is that somebody else runs."""


def choose(
    asked: str = "auto",
    image: str | None = None,
    *,
    takes_address: bool = False,
    region: str = DEFAULT_REGION,
    connect: Callable[[], Engine] = Engine.connect,
    has_gpu: Callable[[], bool] = lambda: bool(gpus()),
) -> Choice:
    """`auto` takes Docker when an engine runs and an image is here. Raises MachineCannot when `docker` cannot be had.

    Without `image`: the official one of the region if it is here, else the compatible one. Raises ConfigurationError
    for the address of a container, unless it `takes_address`: what serves there is not known, so it is no evidence.
    """
    if asked not in ("auto", "process", "docker"):
        return _at(asked, takes_address)
    if asked == "process":
        return Choice("process", "the process runtime was asked for")
    try:
        with connect() as engine:
            return _with_engine(asked, engine, image, region, has_gpu())
    except MachineCannot as error:
        if asked == "docker":
            raise
        return Choice("process", f"no Docker here: {error}")


def _at(address: str, takes_address: bool) -> Choice:
    if takes_address:
        return Choice("address", f"the container at {address} was asked for", address=address)
    raise ConfigurationError(
        f"--runtime {address}: what serves there is not known, so it proves nothing: only `harness up` takes an address"
    )


def _with_engine(asked: str, engine: Engine, image: str | None, region: str, has_gpu: bool) -> Choice:
    gpu = has_gpu and engine.facts().has_gpu_runtime
    candidates = [image] if image is not None else [official_image(region, gpu=gpu), COMPATIBLE_IMAGE]
    for candidate in candidates:
        if engine.image(candidate) is not None:
            asked_for = "was asked for" if asked == "docker" else "runs here"
            return Choice("docker", f"Docker {asked_for} and has the image {candidate}", candidate, gpu)
    missing = " nor ".join(candidates)
    raise MachineCannot(f"Docker runs, but it has neither {missing}; {how_to_get(candidates[0])}")


def make_runtime(
    choice: Choice,
    *,
    state_dir: Path,
    cloud_url: str,
    session_id: str,
    region: str = DEFAULT_REGION,
    limits: MachineLimits = UNLIMITED,
    stack: Stack | None = None,
) -> Runtime:
    """The runtime that was chosen; `limits` hold for Docker alone, and are refused for processes.

    Without `stack` it runs the default one.
    """
    stack = stack or default_stack()
    if choice.kind == "docker":
        from harness.serving.runtimes.docker_runtime import DockerRuntime, DockerSettings

        settings = DockerSettings(cloud_url, session_id, region, choice.image, choice.gpu, limits)
        return DockerRuntime(settings, Engine.connect(), stack)
    if limits != UNLIMITED:
        raise ConfigurationError(
            f"--cpus, --memory and --gpu-memory need the docker runtime, and this is the process runtime: {choice.why}"
        )
    from harness.serving.runtimes.process import ProcessRuntime

    return ProcessRuntime(state_dir, local_client("s3", endpoint_url=cloud_url, region=region), stack)
