"""Parses JSON into frozen dataclasses, or raises an error that names the place."""

from __future__ import annotations

from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from harness.core.errors import MalformedDocument

T = TypeVar("T")


def parse_json(kind: type[T], body: bytes | str, *, what: str) -> T:
    """`body` as a `kind`, validated; unknown keys are ignored. Raises MalformedDocument naming `what` and where."""
    try:
        return TypeAdapter(kind).validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(step) for step in first["loc"]) or "the document"
        more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
        raise MalformedDocument(f"{what}: {place}: {first['msg']}{more}") from error
