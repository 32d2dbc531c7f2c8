"""Reads rehearsal.toml: `project` loads it into a `Project`; `sections` and `case_sections` define its keys.

`section` is what all sections are. `complaints` says what is wrong, `spelling` suggests the right word for a wrong one,
`instance_types` knows SageMaker's, `images` finds the container image, `origin` lists where each value comes from,
`toml_schema` is the schema for editors.
"""

from deploy.config.project import Project, document, load, tables
from deploy.core.project_file import FILE_NAME

__all__ = [
    "FILE_NAME",
    "Project",
    "document",
    "load",
    "tables",
]
