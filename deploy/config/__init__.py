"""rehearsal.toml: `project` reads it (`load`), `sections` says which keys there are.

`spelling` tells what a wrong word was meant to be, `origin` who set each value, `images` which container is
meant; `toml_schema` is the schema for editors.
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
