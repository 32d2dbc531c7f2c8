"""Waiting, in one place: a clock, a deadline and a description. `sleep` is called nowhere else in the house."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from harness.core.errors import TimedOut

T = TypeVar("T")


@dataclass(frozen=True)
class Clock:
    """Time as an argument: tests pass their own."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


REAL_TIME = Clock()


def wait_until(
    attempt: Callable[[], T | None],
    *,
    what: str,
    timeout_seconds: float,
    every_seconds: float = 0.1,
    clock: Clock = REAL_TIME,
) -> T:
    """Call `attempt` until it returns something other than None; raises TimedOut naming `what` after the deadline.

    `attempt` is always tried at least once, and one last time at the deadline.
    """
    deadline = clock.now() + timeout_seconds
    while True:
        found = attempt()
        if found is not None:
            return found
        remaining = deadline - clock.now()
        if remaining <= 0:
            raise TimedOut(f"waited {timeout_seconds:g} s for {what}, in vain")
        clock.sleep(min(every_seconds, remaining))
