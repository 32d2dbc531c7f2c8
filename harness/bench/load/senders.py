"""Sends the requests of one repeat in threads, and notes of each when it was due, when it was sent, and its outcome.

The time of a request in an open load counts from when it was due, whether or not a sender was free then: a server that
stalls is not spared the requests that would have come meanwhile ("coordinated omission"). May not judge answers.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Protocol

from botocore.exceptions import BotoCoreError, ClientError

from deploy.async_client import Completed, Failed, Outcome, Request
from deploy.core.errors import RehearsalError
from deploy.core.waiting import REAL_TIME, Clock
from harness.bench.load.requests import Sent
from harness.bench.load.shapes import MOST_REQUESTS, Shape

BREAKAGE = (RehearsalError, BotoCoreError, ClientError)
# A sender that waits for its time looks so often whether it is still wanted.
_LOOKS_EVERY_SECONDS = 0.2
_OPEN_TIMES = 10.0
# An open load is given up when it has taken so many times as long as its arrivals.
_PATIENCE_TIMES = 3.0


class Client(Protocol):
    """The part of `deploy.async_client.AsyncClient` that is used here; many threads may share one."""

    def send(self, request: Request) -> Outcome: ...


@dataclass(frozen=True)
class Broken:
    """The request could not be sent, or its answer cannot come."""

    error: Exception


@dataclass(frozen=True)
class Unsent:
    """It was due and was given up, because the answers before it took too long."""

    why: str


@dataclass(frozen=True)
class Shot:
    """One request as it went. Times are the clock's; `is_open`: it was due at `due`, though no client was free."""

    sent: Sent
    due: float
    started: float
    outcome: Outcome | Broken | Unsent
    is_open: bool = False

    @property
    def accepted(self) -> float:
        """When its upload was done: at the 202 of an asynchronous endpoint, but for that call."""
        uploading = self.outcome.upload_seconds if isinstance(self.outcome, Completed | Failed) else None
        return self.started + (uploading or 0.0)

    @property
    def ended(self) -> float:
        if isinstance(self.outcome, Completed | Failed):
            return self.accepted + self.outcome.seconds
        waited = 0.0 if isinstance(self.outcome, Broken | Unsent) else self.outcome.waited_seconds
        return self.started + waited

    @property
    def seconds(self) -> float:
        """From when it was due to the answer; in a closed load from the end of the upload."""
        return self.ended - (self.due if self.is_open else self.accepted)


@dataclass(frozen=True)
class Repeat:
    """What one repeat is: the requests, the shape, and how long it is at least."""

    sent: Sequence[Sent]
    shape: Shape
    concurrency: int = 1
    seconds: float = 1.0
    """A closed load sends for so long, an open one spreads its arrivals over ten times that."""
    clock: Clock = REAL_TIME

    def run(self, clients: Sequence[Client], is_wanted: Callable[[Shot], bool] = lambda _: True) -> list[Shot]:
        """The requests in the order of their answers. `is_wanted` is told each, and ends the repeat with False.

        Ctrl-C does not wait for the answers: requests end with the endpoint.
        """
        turns = _Turns(self)
        firsts = turns.firsts(self.shape.senders(self.concurrency))
        pool = ThreadPoolExecutor(max(1, len(firsts)))
        try:
            jobs = [
                pool.submit(_send, turns, first, clients[place % len(clients)], is_wanted)
                for place, first in enumerate(firsts)
            ]
            for job in wait(jobs, return_when=FIRST_EXCEPTION).done:
                job.result()
            return [*turns.shots, *turns.unsent()]
        finally:
            turns.end()
            pool.shutdown(wait=False, cancel_futures=True)


@dataclass
class _Turns:
    """Hands out what is to be sent next, and when; thread-safe."""

    repeat: Repeat
    shots: list[Shot] = field(default_factory=list)
    given: int = 0
    is_over: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.offsets = self.repeat.shape.offsets(self.repeat.seconds * _OPEN_TIMES)
        self.started = self.repeat.clock.now()

    def firsts(self, senders: int) -> list[tuple[Sent, float]]:
        """The first turn of each sender, so that none takes another's."""
        self.senders = senders
        found = (self.next() for _ in range(senders))
        return [turn for turn in found if turn is not None]

    def next(self) -> tuple[Sent, float] | None:
        with self.lock:
            due = None if self.is_over else self._due()
            if due is None:
                return None
            sent = self.repeat.sent[self.given % len(self.repeat.sent)]
            self.given += 1
            return sent, due

    def _due(self) -> float | None:
        now = self.repeat.clock.now()
        if self.offsets is not None:
            is_out_of_time = now - self.started > self.patience_seconds
            is_due = self.given < len(self.offsets) and not is_out_of_time
            return self.started + self.offsets[self.given] if is_due else None
        is_late = now - self.started >= self.repeat.seconds or self.given >= MOST_REQUESTS
        is_whole = self.given >= self.senders and self.given % len(self.repeat.sent) == 0
        return None if is_late and is_whole else now

    @property
    def patience_seconds(self) -> float:
        arrivals = max(self.offsets or (0.0,))
        return _PATIENCE_TIMES * max(arrivals, self.repeat.seconds * _OPEN_TIMES)

    def unsent(self) -> Iterator[Shot]:
        """What is left of an open load; nothing after an early end."""
        if self.offsets is None or self.is_over:
            return
        after = f"after {self.patience_seconds:g} s not all of it could be sent"
        unsent = Unsent(f"the endpoint does not keep up with {self.repeat.shape.text}: {after}")
        for place in range(self.given, len(self.offsets)):
            sent, due = self.repeat.sent[place % len(self.repeat.sent)], self.started + self.offsets[place]
            yield Shot(sent, due, due, unsent, is_open=True)

    def note(self, shot: Shot) -> None:
        with self.lock:
            self.shots.append(shot)

    def end(self) -> None:
        self.is_over = True


def _send(turns: _Turns, turn: tuple[Sent, float] | None, client: Client, is_wanted: Callable[[Shot], bool]) -> None:
    while turn is not None:
        sent, due = turn
        if not _waited(turns, due):
            return
        shot = send_once(sent, client, turns.repeat.clock, due if turns.offsets is not None else None)
        turns.note(shot)
        if not is_wanted(shot):
            turns.end()
        turn = turns.next()


def send_once(sent: Sent, client: Client, clock: Clock = REAL_TIME, due: float | None = None) -> Shot:
    """One request, which was due now, or at `due` in an open load."""
    started = clock.now()
    try:
        outcome: Outcome | Broken = client.send(sent.request)
    except BREAKAGE as error:
        outcome = Broken(error)
    return Shot(sent, started if due is None else due, started, outcome, is_open=due is not None)


def _waited(turns: _Turns, due: float) -> bool:
    """Wait until `due`; whether the repeat still goes on."""
    clock = turns.repeat.clock
    while not turns.is_over and (left := due - clock.now()) > 0:
        clock.sleep(min(left, _LOOKS_EVERY_SECONDS))
    return not turns.is_over
