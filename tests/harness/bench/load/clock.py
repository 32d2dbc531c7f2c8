"""A clock that stands still until something sleeps by it, and a client that takes time by it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from deploy.async_client import Completed, Outcome, Request, Unanswered
from deploy.core.waiting import Clock
from tests.harness.bench.examples import ACCEPTED


@dataclass
class StoppedClock:
    seconds: float = 100.0
    slept: list[float] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def sleep(self, seconds: float) -> None:
        with self.lock:
            self.slept.append(seconds)
            self.seconds += seconds

    @property
    def clock(self) -> Clock:
        return Clock(now=lambda: self.seconds, sleep=self.sleep)


@dataclass
class SlowClient:
    """Each request takes the next of `takes` seconds, the last for ever; the body is the request's attributes."""

    time: StoppedClock
    takes: Sequence[float]
    upload_seconds: float | None = None
    unanswered: bool = False
    sent: list[Request] = field(default_factory=list)

    def send(self, request: Request) -> Outcome:
        seconds = self.takes[min(len(self.sent), len(self.takes) - 1)]
        self.sent.append(request)
        self.time.sleep(seconds + (self.upload_seconds or 0.0))
        if self.unanswered:
            return Unanswered(ACCEPTED, seconds)
        return Completed(ACCEPTED, request.attributes.encode(), "text/plain", seconds, self.upload_seconds)
