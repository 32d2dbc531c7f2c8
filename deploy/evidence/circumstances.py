"""Under which circumstances the evidence was gathered: runtime, machine, local cloud, endpoint, stages, peak memory."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, model_validator

from deploy.core.redaction import safe_environment, without_url_credentials
from deploy.evidence.record import Count, ImageDigest, Record, Seconds, Utc

Assurance = Literal["official", "compatible", "process"]


class RuntimeUsed(Record):
    """How the bundle was served, and how much that says about the container on AWS.

    official: the very image SageMaker runs; compatible: an image with the same versions; process: the same serving
    stack without a container.
    """

    kind: Literal["process", "docker"]
    assurance: Assurance
    stack: str | None = None
    """What served the model, such as `torchserve`; None in evidence of before."""
    image: str | None = None
    image_digest: ImageDigest | None = None
    facts: Mapping[str, str] = {}
    decoders: Mapping[str, str] = {}
    """The libraries that decoded, with their versions, by the handler's own account: `opencv`, `pyav`, and those of
    FFmpeg that each brings. `video` is the one that reads video. Empty: the handler gave none."""

    @model_validator(mode="after")
    def _claims_no_more_than_it_ran(self) -> Self:
        if (self.kind == "process") != (self.assurance == "process"):
            raise ValueError(f"a {self.kind} runtime cannot give {self.assurance} assurance")
        if self.assurance == "official" and self.image_digest is None:
            raise ValueError("official assurance needs the digest of the image that ran")
        return self


class Machine(Record):
    cpu_model: str
    cpu_count: Count
    memory_bytes: Count
    operating_system: str
    python: str
    gpu: str | None = None
    gpu_memory_bytes: Count | None = None


class LocalCloud(Record):
    kind: Literal["embedded", "docker", "external"]
    url: Annotated[str, AfterValidator(without_url_credentials)]


class Endpoint(Record):
    """`environment` keeps the values of well-known settings only; every other value is redacted at birth."""

    name: str
    config_name: str
    instance_type: str
    mode: Literal["async", "realtime"] = "async"
    environment: Annotated[Mapping[str, str], AfterValidator(safe_environment)] = {}


class Stage(Record):
    """One step of the run, such as `bundle`, `start local cloud`, `deploy endpoint`."""

    name: str
    started: Utc
    seconds: Seconds

    @property
    def ended(self) -> datetime:
        return self.started + timedelta(seconds=self.seconds)


class PeakMemory(Record):
    """None means not measured. `method` says how, such as `VmHWM of the worker and its children`."""

    host_bytes: Count | None = None
    gpu_bytes: Count | None = None
    method: str = ""
