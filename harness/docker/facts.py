"""The values that `engine` answers with: facts of the engine, of an image, of a container."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal


@dataclass(frozen=True)
class EngineFacts:
    version: str
    api_version: str
    cpus: int
    memory_bytes: int
    root_dir: str
    cgroup_version: str
    has_gpu_runtime: bool


@dataclass(frozen=True)
class ImageFacts:
    """An image that is on this machine. `repo_digests` is empty for one that was built here and never pushed."""

    reference: str
    image_id: str
    """`sha256:...` of the image's configuration: pins what runs, on this machine."""
    repo_digests: tuple[str, ...] = ()
    """`repository@sha256:...` of the registry's manifest: pins what runs, anywhere."""
    labels: Mapping[str, str] = field(default_factory=dict)
    size_bytes: int = 0


@dataclass(frozen=True)
class ContainerState:
    container_id: str
    status: str
    """Docker's word: created, running, paused, restarting, removing, exited, dead."""
    exit_code: int | None
    oom_killed: bool
    error: str
    finished_at: datetime | None

    @property
    def is_running(self) -> bool:
        return self.status in {"created", "running", "paused", "restarting"}


@dataclass(frozen=True)
class Usage:
    memory_bytes: int
    memory_peak_bytes: int | None
    """None where the kernel does not report it (cgroup v2 does so only inside the container)."""
    cpu_seconds: float


@dataclass(frozen=True)
class Labelled:
    """A container, network or volume that carries a label of ours."""

    kind: Literal["container", "network", "volume"]
    id: str
    name: str
    labels: Mapping[str, str]
    image_id: str | None = None
    """Of a container."""


def parse_docker_time(text: str) -> datetime | None:
    """`2026-11-20T06:02:00.123456789Z`: nanoseconds, which datetime cannot read; year 1 means never."""
    if not text or text.startswith("0001-"):
        return None
    seconds, _, fraction = text.rstrip("Z").partition(".")
    parsed = datetime.fromisoformat(seconds).replace(tzinfo=UTC)
    return parsed.replace(microsecond=int(fraction[:6].ljust(6, "0"))) if fraction.isdigit() else parsed
