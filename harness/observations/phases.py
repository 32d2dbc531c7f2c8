"""The phases of a request, as the emulator timed them: queue, download, container, upload.

AWS has no such call; reports and benchmarks use it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import httpx
from pydantic import TypeAdapter, ValidationError

from harness.core.errors import HarnessError

_TIMINGS_PATH = "/_rehearsal/timings"
_TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True)
class Phases:
    """The seconds of one request in `queue`, `download`, `container` and `upload`."""

    endpoint_name: str
    inference_id: str
    seconds: Mapping[str, float]


def phases_of(sagemaker_url: str, inference_ids: Collection[str]) -> tuple[Phases, ...]:
    """The phases of these requests. Raises HarnessError when the emulator does not answer."""
    try:
        answer = httpx.get(sagemaker_url + _TIMINGS_PATH, timeout=_TIMEOUT_SECONDS, trust_env=False)
        every = TypeAdapter(tuple[Phases, ...]).validate_json(answer.raise_for_status().content)
    except (httpx.HTTPError, ValidationError) as error:
        raise HarnessError(f"the emulator at {sagemaker_url} cannot tell its timings: {error}") from error
    return tuple(each for each in every if each.inference_id in inference_ids)
