"""Reads `model.json`, the specification beside the weights: the part that every model family shares.

Owns: the file's schema, and the errors that name the file and what is wrong in it.
May not: depend on what a family reads from it (`architectures`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar

from detector.core.errors import ModelArtifactError

SPEC_FILE = "model.json"
SPEC_SCHEMA = "rehearsal.model/1"


class ModelSpec(Protocol):
    """The contents of `model.json`, as a family parsed them; frozen and validated."""

    @property
    def architecture(self) -> str:
        """A key of the table in `architectures`."""
        ...

    @property
    def labels(self) -> Mapping[int, str]:
        """The name of every label id that the model can answer with."""
        ...

    @property
    def sizes(self) -> Mapping[str, int]:
        """The values that decide the sizes of the network's tensors; errors about weights name them."""
        ...


Spec = TypeVar("Spec", bound=ModelSpec)


def read(path: Path, parse: Callable[[Mapping[str, Any]], Spec]) -> Spec:
    """Read the file with `parse`. Raises ModelArtifactError."""
    try:
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if document["schema"] != SPEC_SCHEMA:
            raise ModelArtifactError(f"schema is {document['schema']!r}, expected {SPEC_SCHEMA!r}")
        return parse(document)
    except ModelArtifactError as error:
        raise ModelArtifactError(f"{path}: {error}") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        reason = f"key {error} is missing" if isinstance(error, KeyError) else error
        raise ModelArtifactError(f"{path} is not a model specification ({SPEC_SCHEMA}): {reason}") from error
