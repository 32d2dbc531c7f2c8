"""The cases that a project declares as `[[case]]`, and those given on the command line as FILE[:CONTENT_TYPE].

Owns that everything they name is there and is what it should be, before anything starts. May not judge an answer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from deploy.config import Project
from deploy.config.case_sections import CaseSection, ExpectSection
from deploy.expectations import read_schema
from harness.cases.case import Case
from harness.cases.clips import open_file
from harness.core.errors import ConfigurationError

_CONTENT_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+")


def of_project(project: Project) -> tuple[Case, ...]:
    """The project's cases, in its order. Raises ConfigurationError naming file, case and key of what is missing."""
    return tuple(_declared(project, section) for section in project.cases)


def of_files(given: Sequence[str]) -> tuple[Case, ...]:
    """A case for each FILE or FILE:CONTENT_TYPE, which must be answered. Raises ConfigurationError."""
    found = [_opened(text) for text in given]
    names = [case.name for case in found]
    return tuple(
        case if names[:position].count(case.name) == 0 else _numbered(case, names[:position].count(case.name) + 1)
        for position, case in enumerate(found)
    )


def of_plain_file(path: Path, content_type: str | None = None) -> Case:
    """A file whose answer must be complete, and is held against nothing else."""
    return Case(path.name, "user_case", open_file(path, content_type), expectation=ExpectSection())


def _declared(project: Project, section: CaseSection) -> Case:
    where = f"{project.path}: [[case]] {section.title!r}"
    if not section.file.is_file():
        raise ConfigurationError(
            f"{where}: file = {section.file} is not there: put the file there, or correct the path"
        )
    if section.expect.json_schema is not None:
        read_schema(section.expect.json_schema, named_by=f"{where}: expect.json_schema")
    return Case(
        section.title,
        "project_case",
        open_file(section.file, section.content_type),
        expects=section.expect.status,
        expectation=section.expect,
        accept=section.accept,
        custom_attributes=section.custom_attributes,
        items=section.items,
    )


def _opened(text: str) -> Case:
    path, content_type = Path(text), None
    if not path.is_file() and ":" in text:
        name, _, content_type = text.rpartition(":")
        path = Path(name)
        if path.is_file() and not _CONTENT_TYPE.fullmatch(content_type):
            raise ConfigurationError(
                f"--case {text}: {content_type!r} is no content type; write FILE:image/jpeg, or FILE alone"
            )
    if not path.is_file():
        raise ConfigurationError(f"--case {text}: there is no file {path}; write FILE or FILE:CONTENT_TYPE")
    return of_plain_file(path, content_type)


def _numbered(case: Case, number: int) -> Case:
    return Case(f"{case.name} ({number})", case.kind, case.clip, expectation=case.expectation)
