"""A JSON Schema from a file: read, checked, and held against a document. What it refers to is never fetched."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jsonschema.exceptions import SchemaError, ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import Draft202012Validator, validator_for
from referencing import Registry
from referencing.exceptions import Unresolvable

from deploy.core.errors import ConfigurationError

_SHOWN_CHARACTERS = 200


def read_schema(path: Path, *, named_by: str) -> Validator:
    """The schema at `path`; `named_by` says which key of which file names it.

    Without `$schema` it is of draft 2020-12. Raises ConfigurationError when there is no such file, or it is no schema.
    """
    schema = _document(path, named_by)
    if not isinstance(schema, dict):
        raise ConfigurationError(f"{named_by} = {path}: a JSON Schema is an object, and this is none")
    kind = validator_for(schema, default=Draft202012Validator)
    try:
        kind.check_schema(schema)
    except SchemaError as error:
        raise ConfigurationError(
            f"{named_by} = {path} is not a JSON Schema: {_place(error)}: {_short(error.message)}. Correct it there"
        ) from error
    return kind(schema, registry=Registry())


def violations(validator: Validator, document: Any) -> Iterator[str]:
    """What of the document the schema forbids, the first of it first; a reference that leads nowhere is one."""
    try:
        found = sorted(validator.iter_errors(document), key=lambda error: list(map(str, error.absolute_path)))
        for error in found:
            yield f"{_place(error)}: {_short(error.message)}"
    except Unresolvable as error:
        yield f"the schema refers to {error.ref}, which is not in it, and nothing is fetched"


def _document(path: Path, named_by: str) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(
            f"{named_by} = {path} cannot be read ({error.strerror}): put the schema there, or correct the path"
        ) from error
    except ValueError as error:
        raise ConfigurationError(f"{named_by} = {path} is not JSON ({error}): correct it there") from error


def _place(error: ValidationError | SchemaError) -> str:
    pointer = "".join(f"/{step}" for step in error.absolute_path)
    return f"at {pointer}" if pointer else "at the top"


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}..."
