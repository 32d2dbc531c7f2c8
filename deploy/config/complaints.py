"""What is wrong with rehearsal.toml, in words: pydantic's errors with the key as it is written, and what to write."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from deploy.config import sections
from deploy.config.case_sections import CaseSection
from deploy.config.spelling import did_you_mean
from deploy.core.redaction import REDACTED, names_a_secret


def in_words(
    raw: Mapping[str, Any], errors: Sequence[ErrorDetails], within: str, only: Mapping[str, Any] | None
) -> list[str]:
    """A line for each wrong value of `raw`; a key that the overlay `only` holds is said to be `within` it."""
    return [_in_a_case(raw, detail) or _explain(detail, within, only) for detail in _one_for_each_value(errors)]


def _one_for_each_value(details: Sequence[ErrorDetails]) -> Iterator[ErrorDetails]:
    """Keep one error for each value: pydantic reports one for each type that the value might have had."""
    together: dict[tuple[str, ...], ErrorDetails] = {}
    for detail in details:
        key = tuple(_without_union_tags([str(part) for part in detail["loc"]]))
        seen = together.get(key)
        if seen is None:
            together[key] = detail
        else:
            also = detail["msg"].removeprefix("Input should be a valid ").removeprefix("Input should be ")
            together[key] = {**seen, "msg": f"{seen['msg']} or {also}"}
    yield from together.values()


def _in_a_case(raw: Mapping[str, Any], detail: ErrorDetails) -> str | None:
    """What is wrong within one of the cases, which are a list: the case is named, and the key within it."""
    where = detail["loc"]
    if where[:1] != ("case",) or len(where) < 2 or not isinstance(where[1], int):
        return None
    case = raw["case"][where[1]]
    called = (case.get("name") or case.get("file")) if isinstance(case, dict) else None
    title = f"[[case]] {called!r}" if called else f"[[case]] number {where[1] + 1}"
    if len(where) == 2:
        return f"{title} is refused: {_why(detail)}"
    return f"{title}: {_explain({**detail, 'loc': where[2:]}, '', None, CaseSection)}"


def _explain(
    detail: ErrorDetails,
    within: str,
    overlay: Mapping[str, Any] | None,
    section: type[BaseModel] = sections.ProjectFile,
) -> str:
    location = [str(part) for part in detail["loc"] if part != "[key]"]
    key = ".".join(_without_union_tags(location))
    if overlay is not None and _holds(overlay, location):
        key = within + key
    if detail["type"] == "extra_forbidden":
        known = list(_known_keys(location[:-1], section))
        return f"{key} is not a known key{did_you_mean(location[-1], known)} (known here: {', '.join(sorted(known))})"
    if detail["type"] == "missing":
        is_section = len(location) == 1 and section is sections.ProjectFile
        return f"{f'[{key}]' if is_section else key} is missing: add it"
    if "[key]" in detail["loc"]:
        return f"{key} is refused: it must be {_spelled(detail)}"
    shown = REDACTED if _is_secret(location) else _shown(detail["input"])
    return f"{key} = {shown} is refused: {_why(detail)}"


def _why(detail: ErrorDetails) -> str:
    if detail["type"] == "string_pattern_mismatch":
        return f"it must be {_spelled(detail)}"
    return detail["msg"].removeprefix("Value error, ").replace("Input should be", "it must be", 1)


def _spelled(detail: ErrorDetails) -> str:
    pattern = str(detail.get("ctx", {}).get("pattern", ""))
    return sections.IN_WORDS.get(pattern, f"like {pattern}" if pattern else detail["msg"])


def _is_secret(location: Sequence[str]) -> bool:
    return location[:2] == ["handler", "environment"] and any(names_a_secret(part) for part in location[2:])


def _without_union_tags(location: Sequence[str]) -> Iterator[str]:
    """Remove the tried members of a union, which pydantic adds to the path of the key."""
    return (part for part in location if "[" not in part and part not in ("str", "int", "float", "bool"))


def _holds(table: Any, location: Sequence[str]) -> bool:
    for part in location:
        if not isinstance(table, dict) or part not in table:
            return False
        table = table[part]
    return True


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _known_keys(location: Sequence[str], model: type[BaseModel]) -> Iterator[str]:
    for part in location:
        field = next(field for name, field in model.model_fields.items() if part in (name, field.alias))
        model = next(candidate for candidate in _members(field.annotation) if _is_model(candidate))
    return (field.alias or name for name, field in model.model_fields.items())


def _members(annotation: Any) -> Sequence[Any]:
    return get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)


def _is_model(candidate: Any) -> bool:
    return isinstance(candidate, type) and issubclass(candidate, BaseModel)
