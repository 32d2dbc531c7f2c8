"""The seam between the emulator and whatever runs a model container.

A `Runtime` starts instances; an `Instance` answers `GET /ping` and `POST /invocations` below its `base_url`, as the
container on AWS does on port 8080. The emulator knows nothing else about serving stacks or Docker.

Source of the contract: AWS developer guide, "Use your own inference code with hosting services".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class InstanceSpec:
    """One instance to run: what `CreateModel` and the production variant said, and where it may write."""

    instance_id: str
    endpoint_name: str
    variant_name: str
    image: str
    model_data_url: str | None
    """`s3://bucket/key` of a gzipped tar archive, unpacked under the container's /opt/ml/model."""
    environment: Mapping[str, str]
    work_dir: Path
    """Private to the instance; exists, is empty, and is removed by `Instance.stop`."""
    log_path: Path
    """Where the container's stdout and stderr go, one file an instance; outlives the instance."""
    startup_timeout_seconds: float = 480.0
    """ContainerStartupHealthCheckTimeoutInSeconds; SageMaker's default is 8 minutes."""


@dataclass(frozen=True)
class InstanceExit:
    """How a container ended."""

    exit_code: int | None
    reason: str
    """One line for people, such as `exited with code 1` or `killed: out of memory`."""
    at: datetime


@dataclass(frozen=True)
class InstanceFacts:
    """What the evidence says about the instance: runtime `process` or `docker`, versions, digests, peaks."""

    runtime: str
    image: str | None = None
    image_digest: str | None = None
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class InstanceUsage:
    """The CPU time and memory of an instance, for its CloudWatch metrics."""

    cpu_seconds: float
    """Of all its processes, since it started."""
    memory_bytes: int
    memory_limit_bytes: int
    """Of the container, or of the machine where nothing limits it."""


class Instance(Protocol):
    @property
    def spec(self) -> InstanceSpec: ...

    @property
    def base_url(self) -> str:
        """`http://127.0.0.1:<port>`, without a trailing slash."""
        ...

    def ended(self) -> InstanceExit | None:
        """None while the container runs."""
        ...

    def log_tail(self, lines: int = 50) -> str: ...

    def facts(self) -> InstanceFacts: ...

    def usage(self) -> InstanceUsage | None:
        """None when it cannot be measured, because it has ended or somebody else runs it."""
        ...

    def stop(self, grace_seconds: float = 30.0) -> None:
        """SIGTERM, then SIGKILL after the grace; removes `work_dir`. Safe to call twice."""
        ...


class Runtime(Protocol):
    name: str

    def start(self, spec: InstanceSpec) -> Instance:
        """Fetch the model data and start the container; returns before it is healthy.

        Raises `harness.core.errors.ModelDataError` when the archive cannot be had or unpacked safely,
        `harness.core.errors.MachineCannot` when this machine cannot run instances at all.
        """
        ...
