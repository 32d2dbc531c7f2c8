"""The opaque tokens of paged answers: where the next page begins."""

from __future__ import annotations

import base64
import json
from typing import Literal

from harness.emulator.logs.events import Position
from harness.emulator.protocol.faults import AwsFault

Direction = Literal["f", "b"]
_DIGITS = 56


def position_token(position: Position) -> str:
    text = json.dumps([position.at_millis, position.stream, position.byte])
    return base64.urlsafe_b64encode(text.encode()).decode()


def read_position(token: str) -> Position:
    """Raises AwsFault for a token that no answer carried."""
    try:
        at_millis, stream, byte = json.loads(base64.urlsafe_b64decode(token.encode()))
    except (ValueError, TypeError, RecursionError):
        raise invalid_token() from None
    if not (_is_count(at_millis) and isinstance(stream, str) and _is_count(byte)):
        raise invalid_token()
    return Position(at_millis, stream, byte)


def stream_token(direction: Direction, byte: int) -> str:
    """Write `f/` or `b/` and 56 digits, as GetLogEvents does."""
    return f"{direction}/{byte:0{_DIGITS}d}"


def read_stream_token(token: str) -> tuple[Direction, int]:
    """Raises AwsFault for a token that no answer carried."""
    direction, _, digits = token.partition("/")
    is_number = len(digits) == _DIGITS and digits.isascii() and digits.isdigit()
    if not is_number or direction not in ("f", "b") or int(digits) >= 2**63:
        raise invalid_token()
    return "f" if direction == "f" else "b", int(digits)


def name_token(name: str) -> str:
    return base64.urlsafe_b64encode(name.encode()).decode()


def read_name(token: str) -> str:
    """Raises AwsFault for a token that no answer carried."""
    try:
        return base64.urlsafe_b64decode(token.encode()).decode()
    except ValueError:
        raise invalid_token() from None


def invalid_token() -> AwsFault:
    return AwsFault("InvalidParameterException", "The specified nextToken is invalid.")


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63
