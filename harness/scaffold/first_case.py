"""The cases that a new project starts with: those that were asked for, or one from a file that the handler may take.

May not: know what must come back; a first case only asks that the request is answered.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.async_client.content_types import content_type_of
from deploy.core.errors import ConfigurationError
from harness.scaffold.functions import Functions
from harness.scaffold.seen import Entry, Seen

_FAMILIES = ("application", "audio", "image", "text", "video")
# What the toolkit reads where the handler has neither input_fn nor transform_fn.
_DEFAULT_TYPES = frozenset(("application/json", "text/csv", "application/x-npy"))
_JSON = "application/json"


@dataclass(frozen=True)
class FirstCase:
    name: str
    file: str
    """Relative to the project."""
    content_type: str
    accept: str = ""
    """Empty where the default will do."""


def asked(folder: Path, given: Sequence[str], functions: Functions) -> tuple[FirstCase, ...]:
    """`FILE` or `FILE:TYPE`, each relative to where the command runs. Raises ConfigurationError for a missing file."""
    cases: list[FirstCase] = []
    for each in given:
        path, content_type = _split(each)
        if not path.is_file():
            raise ConfigurationError(f"--case {each}: {path} is no file; give FILE or FILE:CONTENT_TYPE")
        file = Path(os.path.relpath(path, folder)).as_posix()
        name = _unused(path.stem, [case.name for case in cases])
        cases.append(FirstCase(name, file, content_type or content_type_of(path), _accept(functions)))
    return tuple(cases)


def found(seen: Seen, entry: Entry) -> tuple[FirstCase, ...]:
    """The first file of a type that the handler names; none where there is no such file."""
    wanted = _types(entry.functions.requests) or _types(entry.words - entry.functions.answers)
    if not {"input_fn", "transform_fn"} & set(entry.functions.hooks):
        wanted = _DEFAULT_TYPES
    for file in seen.inputs:
        content_type = content_type_of(file)
        if not wanted or any(content_type.startswith(each.rstrip("*")) for each in wanted):
            return (FirstCase(file.stem, file.as_posix(), content_type, _accept(entry.functions)),)
    return ()


def _split(given: str) -> tuple[Path, str]:
    path, colon, content_type = given.rpartition(":")
    return (Path(path), content_type) if colon and "/" in content_type and path else (Path(given), "")


def _unused(name: str, names: Sequence[str]) -> str:
    return name if name not in names else f"{name} {names.count(name) + len(names)}"


def _types(words: frozenset[str]) -> frozenset[str]:
    """The words that are content types, such as `image/jpeg` or `image/`."""
    return frozenset(word.partition(";")[0].strip() for word in words if _is_a_type(word))


def _is_a_type(word: str) -> bool:
    family, slash, kind = word.partition("/")
    return bool(slash) and family in _FAMILIES and " " not in kind.partition(";")[0] and "/" not in kind


def _accept(functions: Functions) -> str:
    """The type of the answer, where the handler names some and JSON, the container's default, is not among them."""
    answers = sorted(each for each in _types(functions.answers) if not each.endswith(("/", "*")))
    return answers[0] if answers and _JSON not in answers else ""
