"""Makes the JSON Schema of rehearsal.toml as people write it, for editors and checks (`deploy config --schema`).

The sections' own schema describes a file with one environment laid over it; this one adds the `[env.NAME]` tables.
"""

from __future__ import annotations

from typing import Any

from deploy.config.sections import ProjectFile

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def toml_schema() -> dict[str, Any]:
    schema = ProjectFile.model_json_schema(by_alias=True)
    sections = dict(schema["properties"])
    overlay = {"type": "object", "properties": sections, "additionalProperties": False}
    environments = {
        "type": "object",
        "description": "One table an environment: [env.prod.endpoint] is laid over [endpoint] by --env prod.",
        "additionalProperties": overlay,
    }
    return {
        "$schema": DIALECT,
        **schema,
        "title": "rehearsal.toml",
        "properties": {**sections, "env": environments},
        "required": ["project"],
    }
