"""Waits until a deadline, by a clock that is an argument. No other module of the room sleeps."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from deploy.core.errors import TimedOut

T = TypeVar("T")


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Clock:
    """Time as an argument: tests pass their own. `now` counts seconds for deadlines, `today` dates records."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    today: Callable[[], datetime] = _utc_now


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
