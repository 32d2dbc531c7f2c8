"""Makes the JSON Schema of rehearsal.toml as people write it, for editors and checks (`deploy config --schema`).

The sections' own schema describes a file with one environment laid over it; this one adds the `[env.NAME]` tables, and
what the sections say of each key. It is published as docs/rehearsal.schema.json.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from deploy.config import case_sections, sections

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def toml_schema() -> dict[str, Any]:
    schema = sections.ProjectFile.model_json_schema(by_alias=True)
    _describe(schema["$defs"])
    tables = dict(schema["properties"])
    overlay = {"type": "object", "properties": tables, "additionalProperties": False}
    environments = {
        "type": "object",
        "description": "One table an environment: [env.prod.endpoint] is laid over [endpoint] by --env prod.",
        "additionalProperties": overlay,
    }
    return {
        "$schema": DIALECT,
        **schema,
        "title": "rehearsal.toml",
        "properties": {**tables, "env": environments},
        "required": ["project"],
    }


def _describe(definitions: dict[str, Any]) -> None:
    """Enter the text below each key, which pydantic could read too, at every import of the sections (50 ms)."""
    for section in _classes():
        properties = definitions.get(section.name, {}).get("properties", {})
        for name, text in _texts(section):
            key = name.rstrip("_")  # what would hide a method of pydantic's has an underscore behind it
            if key in properties:
                properties[key]["description"] = text


def _classes() -> Iterator[ast.ClassDef]:
    for file in (sections.__file__, case_sections.__file__):
        tree = ast.parse(Path(file).read_text(encoding="utf-8"))
        yield from (node for node in tree.body if isinstance(node, ast.ClassDef))


def _texts(section: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for key, below in pairwise(section.body):
        if (
            isinstance(key, ast.AnnAssign)
            and isinstance(key.target, ast.Name)
            and isinstance(below, ast.Expr)
            and isinstance(below.value, ast.Constant)
        ):
            yield key.target.id, inspect.cleandoc(str(below.value.value))
