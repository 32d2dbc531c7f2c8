"""The instances behind an endpoint, as the emulator reports them: runtime, versions, image, peak memory.

AWS has no such call. The emulator answers it on a path of its own, for the evidence only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import httpx
from pydantic import TypeAdapter, ValidationError

from harness.core.errors import HarnessError

INSTANCES_PATH = "/_rehearsal/instances"
TIMEOUT_SECONDS = 30.0
PEAK_MEMORY_FACT = "worker_peak_rss_bytes"


@dataclass(frozen=True)
class ServedBy:
    """One instance, as it was when the emulator was asked."""

    instance_id: str
    endpoint_name: str
    runtime: str
    image: str | None
    image_digest: str | None
    facts: Mapping[str, str]

    @property
    def peak_memory_bytes(self) -> int | None:
        """The peak of the model's worker process; None when the runtime cannot measure it."""
        peak = self.facts.get(PEAK_MEMORY_FACT, "0")
        return int(peak) or None


def instances_of(sagemaker_url: str, endpoint_name: str) -> tuple[ServedBy, ...]:
    """The instances of one endpoint. Raises HarnessError when the emulator does not answer."""
    return tuple(each for each in all_instances(sagemaker_url) if each.endpoint_name == endpoint_name)


def all_instances(sagemaker_url: str) -> tuple[ServedBy, ...]:
    """The instances of all endpoints. Raises HarnessError when the emulator does not answer."""
    try:
        answer = httpx.get(sagemaker_url + INSTANCES_PATH, timeout=TIMEOUT_SECONDS, trust_env=False)
        return TypeAdapter(tuple[ServedBy, ...]).validate_json(answer.raise_for_status().content)
    except (httpx.HTTPError, ValidationError) as error:
        raise HarnessError(f"the emulator at {sagemaker_url} cannot tell its instances: {error}") from error
