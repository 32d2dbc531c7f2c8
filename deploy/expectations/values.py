"""Whether a value of an answer is the expected one, and in words where and how it is not."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deploy.config.case_sections import About
from deploy.expectations.pointers import escaped, kind

_SHOWN_CHARACTERS = 120


@dataclass(frozen=True)
class Difference:
    """`where` is a JSON pointer, empty for the whole; `said` is what is there, and what is expected."""

    where: str
    said: str

    def __str__(self) -> str:
        return f"at {self.where}: {self.said}" if self.where else self.said


def difference(expected: Any, found: Any, tolerance: float) -> str | None:
    """How `found` differs; None where it is as expected.

    Numbers with a fraction may differ by `tolerance`, an `About` by its own; true and false are no numbers.
    """
    first = next(differences(expected, found, tolerance), None)
    return None if first is None else str(first)


def differences(
    expected: Any, found: Any, tolerance: float, relative: float = 0.0, where: str = ""
) -> Iterator[Difference]:
    """Every difference, in the order of `expected`. Numbers may also differ by the part `relative` of the expected."""
    if isinstance(expected, About):
        if not _is_number(found) or not _within(expected.about, found, expected.within):
            yield Difference(where, f"{shown(found)}, expected is {expected.about:g} within {expected.within:g}")
    elif isinstance(expected, Mapping) and isinstance(found, Mapping):
        yield from _of_objects(expected, found, tolerance, relative, where)
    elif isinstance(expected, Sequence) and not isinstance(expected, str) and isinstance(found, list):
        yield from _of_lists(expected, found, tolerance, relative, where)
    elif not _same(expected, found, tolerance, relative):
        yield Difference(where, f"{shown(found)}, expected is {shown(expected)}")


def _of_objects(
    expected: Mapping[str, Any], found: Mapping[str, Any], tolerance: float, relative: float, where: str
) -> Iterator[Difference]:
    for key in expected:
        if key not in found:
            yield Difference(where, f"the key {key!r} is missing")
        else:
            yield from differences(expected[key], found[key], tolerance, relative, f"{where}/{escaped(key)}")
    for key in found:
        if key not in expected:
            yield Difference(where, f"the key {key!r} is not expected")


def _of_lists(
    expected: Sequence[Any], found: Sequence[Any], tolerance: float, relative: float, where: str
) -> Iterator[Difference]:
    if len(expected) != len(found):
        yield Difference(where, f"a list of {len(found)}, expected is one of {len(expected)}")
    for number, (one, other) in enumerate(zip(expected, found, strict=False)):
        yield from differences(one, other, tolerance, relative, f"{where}/{number}")


def _same(expected: Any, found: Any, tolerance: float, relative: float) -> bool:
    if _is_number(expected) and _is_number(found):
        is_whole = isinstance(expected, int) and isinstance(found, int)
        return expected == found if is_whole else _near(expected, found, tolerance, relative)
    return kind(expected) == kind(found) and bool(expected == found)


def _near(expected: float, found: float, tolerance: float, relative: float) -> bool:
    try:
        return _within(expected, found, tolerance + relative * abs(expected))
    except OverflowError:  # a whole number beyond 1e308, beside one with a fraction
        return expected == found


def _within(expected: float, found: float, tolerance: float) -> bool:
    """As exact decimals would have it: 0.93 is within 0.02 of 0.95, whatever their binary forms."""
    return abs(expected - found) <= tolerance * (1 + 1e-9) + 1e-15 * abs(expected)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}..."
