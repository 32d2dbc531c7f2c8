"""What an answer holds: a JSON value, a text, or its bytes. Owns the reading; may not compare."""

from __future__ import annotations

import json
import math
from typing import Any

from deploy.expectations import media, pointers
from harness.cases.predictions import SCHEMA as PREDICTIONS
from harness.cases.predictions import Predictions
from harness.core.errors import MalformedDocument
from harness.goldens.golden import Kind

_JSON_LINES = ("application/jsonlines", "application/x-ndjson")
_DEEPEST = 200
_SHOWN_BYTES = 60


class NotOfKindError(ValueError):
    """The body is not what it should be; the message says why, and where."""


def content_of(kind: Kind, body: bytes, content_type: str) -> Any:
    """What the body holds, as `Golden.content` keeps it. Raises NotOfKindError."""
    if kind in ("detections", "json"):
        document = _document(body, media.bare(content_type))
        if kind == "detections":
            check_detections(document)
        return document
    if kind == "text":
        try:
            return body.decode("utf-8")
        except UnicodeDecodeError as error:
            raise NotOfKindError(f"it is no UTF-8 text: byte {error.start} is {body[error.start]:#04x}") from error
    return body


def check_document(document: Any) -> None:
    """Raises NotOfKindError for what JSON cannot hold (NaN and infinities), and for endless nesting."""
    below = [("", document, 0)]
    while below:
        where, value, depth = below.pop()
        if isinstance(value, float) and not math.isfinite(value):
            raise NotOfKindError(f"at {where or 'the top'}: {value} is no number of JSON, and other readers refuse it")
        if isinstance(value, dict | list) and depth == _DEEPEST:
            raise NotOfKindError(f"it is nested more than {_DEEPEST} deep")
        steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        below += [(f"{where}/{pointers.escaped(str(step))}", inner, depth + 1) for step, inner in steps]


def is_json(bare: str) -> bool:
    """Of a bare type."""
    return bare == "application/json" or bare.endswith("+json") or bare in _JSON_LINES


def _document(body: bytes, bare: str) -> Any:
    """The JSON value. JSON lines are a list, but those of a detector its one document."""
    if not body.strip():
        raise NotOfKindError("it is empty")
    try:
        lines = [json.loads(line) for line in body.splitlines() if line.strip()] if bare in _JSON_LINES else None
        document = json.loads(body) if lines is None else _together(lines)
    except (ValueError, RecursionError) as error:
        raise NotOfKindError(f"it is no JSON ({error}); it begins {body[:_SHOWN_BYTES]!r}") from error
    check_document(document)
    if claims_detections(document):
        check_detections(document)
    return document


def _together(lines: list[Any]) -> Any:
    is_detector = bool(lines) and claims_detections(lines[0]) and "frames" not in lines[0]
    return {**lines[0], "frames": lines[1:]} if is_detector else lines


def claims_detections(document: Any) -> bool:
    """Whether it says that it is the answer of a detector."""
    return isinstance(document, dict) and document.get("schema") == PREDICTIONS


def check_detections(document: Any) -> None:
    """Raises NotOfKindError unless it is a detector's answer."""
    if not claims_detections(document):
        raise NotOfKindError(f"it is no document of {PREDICTIONS}")
    try:
        Predictions.parse(json.dumps(document).encode(), what=f"a document of {PREDICTIONS}")
    except MalformedDocument as error:
        raise NotOfKindError(str(error)) from error
