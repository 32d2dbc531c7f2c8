"""What the emulator tells of its own time on a request: queue, download, container, upload.

Owns: the asking. AWS tells none of this; it is for reports and benchmarks.
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
    """Of one request, as the emulator saw it: seconds of `queue`, `download`, `container` and `upload`."""

    endpoint_name: str
    inference_id: str
    seconds: Mapping[str, float]


def phases_of(sagemaker_url: str, inference_ids: Collection[str]) -> tuple[Phases, ...]:
    """Raises HarnessError when the emulator does not answer."""
    try:
        answer = httpx.get(sagemaker_url + _TIMINGS_PATH, timeout=_TIMEOUT_SECONDS, trust_env=False)
        every = TypeAdapter(tuple[Phases, ...]).validate_json(answer.raise_for_status().content)
    except (httpx.HTTPError, ValidationError) as error:
        raise HarnessError(f"the emulator at {sagemaker_url} cannot tell its timings: {error}") from error
    return tuple(each for each in every if each.inference_id in inference_ids)
