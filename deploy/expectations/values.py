"""Whether a value of an answer is the expected one, and in words where it is not."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from deploy.config.case_sections import About
from deploy.expectations.pointers import kind

_SHOWN_CHARACTERS = 120


def difference(expected: Any, found: Any, tolerance: float) -> str | None:
    """How `found` differs; None where it is as expected.

    Numbers with a fraction may differ by `tolerance`, an `About` by its own; true and false are no numbers.
    """
    return next(_differences(expected, found, tolerance, ""), None)


def _differences(expected: Any, found: Any, tolerance: float, where: str) -> Iterator[str]:
    if isinstance(expected, About):
        if not _is_number(found) or not _within(expected.about, found, expected.within):
            yield f"{_at(where)}{shown(found)}, expected is {expected.about:g} within {expected.within:g}"
    elif isinstance(expected, Mapping) and isinstance(found, Mapping):
        yield from _of_objects(expected, found, tolerance, where)
    elif isinstance(expected, Sequence) and not isinstance(expected, str) and isinstance(found, list):
        yield from _of_lists(expected, found, tolerance, where)
    elif not _same(expected, found, tolerance):
        yield f"{_at(where)}{shown(found)}, expected is {shown(expected)}"


def _of_objects(expected: Mapping[str, Any], found: Mapping[str, Any], tolerance: float, where: str) -> Iterator[str]:
    for key in expected:
        if key not in found:
            yield f"{_at(where)}the key {key!r} is missing"
        else:
            yield from _differences(expected[key], found[key], tolerance, f"{where}/{key}")
    for key in found:
        if key not in expected:
            yield f"{_at(where)}the key {key!r} is not expected"


def _of_lists(expected: Sequence[Any], found: Sequence[Any], tolerance: float, where: str) -> Iterator[str]:
    if len(expected) != len(found):
        yield f"{_at(where)}a list of {len(found)}, expected is one of {len(expected)}"
    for number, (one, other) in enumerate(zip(expected, found, strict=False)):
        yield from _differences(one, other, tolerance, f"{where}/{number}")


def _same(expected: Any, found: Any, tolerance: float) -> bool:
    if _is_number(expected) and _is_number(found):
        is_whole = isinstance(expected, int) and isinstance(found, int)
        return expected == found if is_whole else _within(expected, found, tolerance)
    return kind(expected) == kind(found) and bool(expected == found)


def _within(expected: float, found: float, tolerance: float) -> bool:
    """As exact decimals would have it: 0.93 is within 0.02 of 0.95, whatever their binary forms."""
    return abs(expected - found) <= tolerance * (1 + 1e-9) + 1e-15 * abs(expected)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _at(where: str) -> str:
    return f"at {where}: " if where else ""


def shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}..."
