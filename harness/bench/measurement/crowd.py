"""Requests that wait at once: together they poll the local cloud no more often than one alone would.

On a small machine the polls would otherwise be what is measured. Each then sees its answer later by up to a poll's
interval for every request that waits.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from deploy.async_client import Outcome, Request
from deploy.core.waiting import REAL_TIME, Clock
from harness.bench.load.senders import Client


@dataclass
class Crowd:
    """`real` is the clock that all share; that of the crowd sleeps longer, the more requests wait."""

    real: Clock = REAL_TIME
    size: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def clock(self) -> Clock:
        return Clock(self.real.now, lambda seconds: self.real.sleep(seconds * max(1, self.size)), self.real.today)

    def counted(self, client: Client) -> Client:
        return _Counted(self, client)

    def change(self, by: int) -> None:
        with self.lock:
            self.size += by


@dataclass(frozen=True)
class _Counted:
    crowd: Crowd
    client: Client

    def send(self, request: Request) -> Outcome:
        self.crowd.change(1)
        try:
            return self.client.send(request)
        finally:
            self.crowd.change(-1)
