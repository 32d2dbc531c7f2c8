"""The values that a stack's log dialect returns."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class LoadFailure:
    """A model that a container cannot load, as its log tells it."""

    cause: str
    """One line, such as `RuntimeError: no weights`."""
    is_final: bool
    """False while the log may still tell a better cause, such as a traceback that is being written."""
