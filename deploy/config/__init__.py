"""rehearsal.toml: `load` gives a `Project`; `sections` says which keys there are, `origin` who set each, `images` what
it means.
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
