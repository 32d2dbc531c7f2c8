"""Patience: a change that must be stored is tried with growing rests until the disk takes it, or the emulator stops."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

from harness.emulator.store.trouble import EmulatorStops, local_trouble

FIRST_REST_SECONDS = 0.05
LONGEST_REST_SECONDS = 2.0
T = TypeVar("T")
log = logging.getLogger(__name__)


class Patience:
    def __init__(self, rest: Callable[[float], bool]) -> None:
        """`rest` waits for that many seconds and returns False when the emulator stops."""
        self._rest = rest

    def stored(self, what: str, change: Callable[[], T]) -> T:
        """Return what `change` returns, once it succeeds. Raises EmulatorStops; any error that is no local trouble.

        `change` must leave nothing behind when it fails. Do not call this inside a transaction.
        """
        seconds = FIRST_REST_SECONDS
        while True:
            try:
                return change()
            except Exception as error:
                trouble = local_trouble(error)
                if trouble is None:
                    raise
                log.warning("%s: not stored, tried again in %g s: %s", what, seconds, trouble)
                if not self._rest(seconds):
                    raise EmulatorStops(f"{what}: not stored before the emulator stopped: {trouble}") from error
            seconds = min(2 * seconds, LONGEST_REST_SECONDS)
