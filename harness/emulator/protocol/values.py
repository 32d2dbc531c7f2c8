"""What a value of each type of AWS's models can hold: numbers within their bits, whole characters, real timestamps.

JSON can say more than that, and so can Python; what goes beyond is refused before an operation sees it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

_INTEGER_BITS = {"integer": 32, "long": 64}
_LARGEST = {"float": 3.4028234663852886e38, "double": 1.7976931348623157e308}
_FIRST_SECOND = datetime(1, 1, 1, tzinfo=UTC).timestamp()
_LAST_SECOND = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp()


def flaw(type_name: str, value: object) -> str | None:
    """Why a value of the right JSON type is no value of the model's type `type_name`; None for one that is."""
    check = _FLAWS.get(type_name)
    return None if check is None else check(type_name, value)


def epoch_seconds(value: float | str) -> float:
    """A timestamp as awsJson sends it, epoch seconds, or as some clients do, ISO 8601 (UTC where it names no zone).

    Raises ValueError for what is no timestamp of the years 1 to 9999.
    """
    seconds = _written(value) if isinstance(value, str) else value
    if not _FIRST_SECOND <= seconds <= _LAST_SECOND:
        raise ValueError("outside the years 1 to 9999")
    return float(seconds)


def is_text(value: str) -> bool:
    """Whether a text has whole characters only: JSON's escapes can write half of a surrogate pair."""
    return value.isascii() or not any("\ud800" <= character <= "\udfff" for character in value)


def _written(value: str) -> float:
    found = datetime.fromisoformat(value)
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def _integer_flaw(type_name: str, value: object) -> str | None:
    bits = _INTEGER_BITS[type_name]
    is_held = isinstance(value, int) and -(2 ** (bits - 1)) <= value < 2 ** (bits - 1)
    return None if is_held else f"a number beyond {bits} bits"


def _float_flaw(type_name: str, value: object) -> str | None:
    is_held = isinstance(value, int | float) and abs(value) <= _LARGEST[type_name]
    return None if is_held else f"a number beyond a {type_name}"


def _text_flaw(_: str, value: object) -> str | None:
    return None if not isinstance(value, str) or is_text(value) else "half a character (a lone surrogate)"


def _timestamp_flaw(_: str, value: object) -> str | None:
    try:
        epoch_seconds(value)  # type: ignore[arg-type]  # the type was checked before
    except (ValueError, OverflowError):
        return "no timestamp of the years 1 to 9999"
    return None


_FLAWS: Mapping[str, Callable[[str, object], str | None]] = {
    "integer": _integer_flaw,
    "long": _integer_flaw,
    "float": _float_flaw,
    "double": _float_flaw,
    "string": _text_flaw,
    "blob": _text_flaw,
    "timestamp": _timestamp_flaw,
}
