"""Defines the notes about sent requests, by which a failure object leads back to its input: their format and place.

SageMaker names a result by an id of its own, and only the notification names the input it belongs to. So our clients
note it in `<input>/sent/<name of the failure object>.json`, schema `rehearsal.sent/1`, and keep the request's headers
as metadata of its input object. May not: call AWS.
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
    """The locations of a request's input and results."""

    model_config = ConfigDict(frozen=True, extra="forbid", serialize_by_alias=True)

    schema_id: Literal["rehearsal.sent/1"] = Field(default=SCHEMA, alias="schema")
    endpoint_name: str
    inference_id: str
    input_url: str
    output_url: str
    failure_url: str | None


@dataclass(frozen=True)
class Said:
    """A request's headers beside its content type. One that was not sent, or not noted, is None or empty."""

    inference_id: str | None = None
    accept: str | None = None
    attributes: str | None = None
    invocation_timeout_seconds: int | None = None

    def metadata(self) -> dict[str, str]:
        """The input object's user metadata; S3 keeps at most 2 KB."""
        timeout = self.invocation_timeout_seconds
        noted = {
            _INFERENCE_ID: self.inference_id,
            _ACCEPT: self.accept,
            _ATTRIBUTES: self.attributes,
            _TIMEOUT: str(timeout) if timeout else None,
        }
        return {name: value for name, value in noted.items() if value}


def said(metadata: Mapping[str, str]) -> Said:
    """The reverse of `Said.metadata`; the object of another sender has none of these keys."""
    is_ours = _INFERENCE_ID in metadata
    timeout = metadata.get(_TIMEOUT, "")
    return Said(
        metadata.get(_INFERENCE_ID),
        metadata.get(_ACCEPT),
        metadata.get(_ATTRIBUTES, "" if is_ours else None),
        int(timeout) if timeout.isdecimal() else None,
    )


def note_url(input_url: str, result_url: str) -> str:
    """The note's URL. `input_url` is the prefix of all inputs; `result_url` is the failure object, else the output."""
    return f"{input_url}/sent/{result_url.rsplit('/', 1)[-1]}.json"
