"""Evidence as files: read strictly, written whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import ValidationError

from deploy.core.errors import ConfigurationError
from deploy.core.files import write_text
from deploy.evidence.report import SCHEMA_ID, Report

_AGAIN = "run `harness validate` to make new evidence"


def read(path: Path) -> Report:
    """Raises ConfigurationError when there is no such file or it is not a `rehearsal.report/1`."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot read the evidence ({error.strerror}); {_AGAIN}") from error
    return parse(data, where=str(path))


def parse(data: bytes, *, where: str) -> Report:
    """A report from the bytes of a file named `where`: for readers that also want the digest of those bytes."""
    _require_known_schema(data, where)
    try:
        return Report.model_validate_json(data, strict=True)
    except ValidationError as error:
        raise ConfigurationError(f"{where}: not a valid report: {_first_problem(error)}; {_AGAIN}") from error


def write(path: Path, report: Report) -> None:
    text = report.model_dump_json(indent=2, by_alias=True)
    write_text(path, text + "\n")


def schema_in(data: bytes) -> str | None:
    """The schema that a JSON document names; None when it names none or is no JSON."""
    try:
        document = json.loads(data)
    except ValueError:
        return None
    return document.get("schema") if isinstance(document, dict) else None


def _require_known_schema(data: bytes, where: str) -> None:
    try:
        document = json.loads(data)
    except ValueError as error:
        raise ConfigurationError(f"{where}: not JSON ({error}); {_AGAIN}") from error
    found = document.get("schema") if isinstance(document, dict) else None
    if found != SCHEMA_ID:
        says = f"its schema is {found!r}" if found is not None else "it names no schema"
        raise ConfigurationError(
            f"{where}: {says}, and this version reads {SCHEMA_ID!r} only; "
            f"upgrade sagemaker-rehearsal if the file is newer, or {_AGAIN}"
        )


def _first_problem(error: ValidationError) -> str:
    problems = error.errors(include_url=False, include_input=False)
    first = problems[0]
    place = ".".join(str(part) for part in first["loc"]) or "the whole"
    others = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return f"{place}: {first['msg']}{others}"
