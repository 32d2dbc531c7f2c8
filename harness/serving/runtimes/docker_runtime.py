"""The Docker runtime: instances are containers, started through SageMaker local mode.

It decides image, port, name and labels, and owns the connection to the engine.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from harness.core.errors import ServiceDidNotStart
from harness.docker.engine import INSTANCE_LABEL, SESSION_LABEL, WORK_DIR_LABEL, Engine
from harness.local_cloud.clients import DEFAULT_REGION
from harness.processes.ports import ReservedPort
from harness.serving.images.pinned import PinnedImage, require_image
from harness.serving.instances.gpu import gpu_facts
from harness.serving.instances.model_data import ModelData
from harness.serving.instances.runtime import InstanceSpec
from harness.serving.runtimes.docker_container import DockerInstance, Running, clean_up, remove_labelled
from harness.serving.runtimes.docker_limits import UNLIMITED, MachineLimits
from harness.serving.runtimes.docker_local_mode import PortTaken, ServeRequest, serve
from harness.serving.stacks import Stack

_PORT_ATTEMPTS = 3


def free_port() -> int:
    with ReservedPort() as reserved:
        return reserved.port


@dataclass(frozen=True)
class DockerSettings:
    s3_endpoint_url: str
    """The address of the local cloud, where the model data is."""
    session_id: str
    """The label that everything created carries, so that strays are found."""
    region: str = DEFAULT_REGION
    image: str | None = None
    """Runs in place of the image that the model names, which this machine may not be able to pull; None runs that."""
    gpu: bool = False
    limits: MachineLimits = UNLIMITED


class DockerRuntime:
    name = "docker"

    def __init__(
        self, settings: DockerSettings, engine: Engine, stack: Stack, port: Callable[[], int] = free_port
    ) -> None:
        self._settings = settings
        self._engine = engine
        self._stack = stack
        self._port = port
        self._machine_facts = {"engine_version": engine.facts().version, **(gpu_facts() if settings.gpu else {})}

    def close(self) -> None:
        self._engine.close()

    def __enter__(self) -> DockerRuntime:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self, spec: InstanceSpec) -> DockerInstance:
        """As `Runtime.start`; it also raises ServiceDidNotStart with the output of compose or the container.

        Whatever fails, no container, network or work folder stays behind.
        """
        image = require_image(self._engine, self._settings.image or spec.image)
        name = _name(self._settings.session_id, spec.instance_id)
        try:
            return self._start(spec, image, name)
        except BaseException:
            clean_up(self._engine, name, spec.work_dir)
            raise

    def _start(self, spec: InstanceSpec, image: PinnedImage, name: str) -> DockerInstance:
        started_at = datetime.now(UTC)
        port, model_data = self._serve(spec, image, name)
        found = [item for item in self._engine.labelled(INSTANCE_LABEL, name) if item.kind == "container"]
        if not found:
            raise ServiceDidNotStart(f"compose started {name}, but the engine has no such container; was it removed?")
        running = Running(
            name=name,
            container_id=found[0].id,
            port=port,
            image=image,
            stack=self._stack,
            limits=self._settings.limits,
            model_data=model_data,
            started_at=started_at,
            machine_facts=self._machine_facts,
        )
        return DockerInstance(spec, running, self._engine)

    def _serve(self, spec: InstanceSpec, image: PinnedImage, name: str) -> tuple[int, ModelData | None]:
        for attempt in range(1, _PORT_ATTEMPTS + 1):
            port = self._port()
            root = spec.work_dir / f"attempt-{attempt}"
            root.mkdir(parents=True)
            try:
                return port, serve(self._request(spec, image, name, port, root))
            except PortTaken:
                remove_labelled(self._engine, name)
                if attempt == _PORT_ATTEMPTS:
                    raise
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _request(self, spec: InstanceSpec, image: PinnedImage, name: str, port: int, root: Path) -> ServeRequest:
        settings = self._settings
        return ServeRequest(
            name=name,
            image=image.reference,
            model_data_url=spec.model_data_url,
            environment=spec.environment,
            serving_port=port,
            container_root=root,
            s3_endpoint_url=settings.s3_endpoint_url,
            region=settings.region,
            docker_host=self._engine.host,
            gpu=settings.gpu,
            limits=settings.limits,
            labels={
                SESSION_LABEL: settings.session_id,
                INSTANCE_LABEL: name,
                WORK_DIR_LABEL: str(spec.work_dir.absolute()),
                "rehearsal.endpoint": f"{spec.endpoint_name}/{spec.variant_name}",
            },
        )


def _name(session_id: str, instance_id: str) -> str:
    """Unique on the engine, and fit for a container, a network and a compose project: `[a-z0-9-]`."""
    readable = re.sub(r"[^a-z0-9]+", "-", f"{session_id[:12]}-{instance_id}".lower())[:48].strip("-")
    return f"rehearsal-{readable}-{uuid.uuid4().hex[:8]}"
