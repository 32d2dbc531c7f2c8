"""Notes about sent requests, so that a failure object leads back to what was sent. Formats and places only.

SageMaker names a result by a number of its own, and only the notification says which input it belongs to. So a sender
of ours notes it: `<input>/sent/<name of the failure object>.json`, schema `rehearsal.sent/1`, and what else the request
said as metadata of its input object. May not: call AWS.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

SCHEMA: Final = "rehearsal.sent/1"
_INFERENCE_ID, _ACCEPT, _ATTRIBUTES = "inference-id", "accept", "custom-attributes"
_TIMEOUT = "invocation-timeout-seconds"


class Sent(BaseModel):
    """Where a request's parts are."""

    model_config = ConfigDict(frozen=True, extra="forbid", serialize_by_alias=True)

    schema_id: Literal["rehearsal.sent/1"] = Field(default=SCHEMA, alias="schema")
    endpoint_name: str
    inference_id: str
    input_url: str
    output_url: str
    failure_url: str | None


@dataclass(frozen=True)
class Said:
    """What a request said beside its content type; None or empty: it did not, or nobody noted it."""

    inference_id: str | None = None
    accept: str | None = None
    attributes: str | None = None
    invocation_timeout_seconds: int | None = None

    def metadata(self) -> dict[str, str]:
        """User metadata of the input object; S3 keeps 2 KB of it."""
        timeout = self.invocation_timeout_seconds
        noted = {
            _INFERENCE_ID: self.inference_id,
            _ACCEPT: self.accept,
            _ATTRIBUTES: self.attributes,
            _TIMEOUT: str(timeout) if timeout else None,
        }
        return {name: value for name, value in noted.items() if value}


def said(metadata: Mapping[str, str]) -> Said:
    """The opposite of `Said.metadata`; an object of another sender has none of it."""
    is_ours = _INFERENCE_ID in metadata
    timeout = metadata.get(_TIMEOUT, "")
    return Said(
        metadata.get(_INFERENCE_ID),
        metadata.get(_ACCEPT),
        metadata.get(_ATTRIBUTES, "" if is_ours else None),
        int(timeout) if timeout.isdecimal() else None,
    )


def note_url(input_url: str, result_url: str) -> str:
    """`input_url` is the prefix of all inputs, `result_url` the failure object, or the output where none is written."""
    return f"{input_url}/sent/{result_url.rsplit('/', 1)[-1]}.json"
