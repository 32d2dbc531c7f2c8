"""Negotiates the content type of an answer: the request's Accept header against the formats that can be written.

Owns: the media types of answers. May not: write them (`documents`) or read the input (`media`).
"""

from __future__ import annotations

import re
from enum import StrEnum

from detector.core.errors import BadParameter, UnsupportedType
from detector.core.settings import Layout, Masks, Settings


class Output(StrEnum):
    """The media types, in the order of preference where the sender has none."""

    JSON = "application/json"
    JSON_LINES = "application/jsonlines"
    NPY = "application/x-npy"


def negotiated(accept: str | None, settings: Settings) -> Output:
    """The best offer for an Accept header (RFC 9110, 12.5.1): absent, empty or `*/*` means JSON.

    Raises UnsupportedType when nothing fits, BadParameter when what fits cannot carry what the settings ask for.
    """
    for wanted in _by_preference(accept or "*/*"):
        output = _offer(wanted)
        if output is not None:
            return _able(output, settings)
    raise UnsupportedType(f"cannot answer with {accept!r}; accept one of {', '.join(Output)}")


def _by_preference(accept: str) -> list[str]:
    weighted = []
    for part in accept.split(","):
        name, _, parameters = part.strip().lower().partition(";")
        weight = re.search(r"\bq\s*=\s*([01](\.[0-9]*)?)", parameters)
        weighted.append((float(weight[1]) if weight else 1.0, name.strip()))
    return [name for weight, name in sorted(weighted, key=lambda pair: -pair[0]) if weight > 0 and name]


def _offer(wanted: str) -> Output | None:
    if wanted in ("*/*", "application/*"):
        return Output.JSON
    return next((output for output in Output if output == wanted), None)


def _able(output: Output, settings: Settings) -> Output:
    if output is Output.NPY and settings.masks is not Masks.NONE:
        raise BadParameter(f"masks={settings.masks} cannot be written as {output}; accept {Output.JSON}")
    if output is Output.NPY and settings.layout is Layout.PLAIN:
        raise BadParameter(f"layout={settings.layout} is a layout of JSON, not of {output}; accept {Output.JSON}")
    return output
