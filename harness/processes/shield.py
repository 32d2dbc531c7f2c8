"""Finishes what must not be left half done, though the program is told to stop meanwhile."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

_STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass
class Shield:
    """`received` is the signal that waits for the end of the block: a wait within it should hurry then."""

    received: int | None = None

    def note(self, number: int, _: FrameType | None) -> None:
        self.received = number


@contextmanager
def shielded() -> Iterator[Shield]:
    """Signals that stop a program are kept until the end of the block. Only a main thread receives any."""
    shield = Shield()
    if threading.current_thread() is not threading.main_thread():
        yield shield
        return
    before = {number: signal.getsignal(number) for number in _STOPS}
    for number, handler in before.items():
        if callable(handler):
            signal.signal(number, shield.note)
    try:
        yield shield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if shield.received is not None:
        signal.raise_signal(shield.received)
