"""Measures the stages of a request, and writes them as one line of the log that programs can read.

Owns: the clock. The time of an inner stage is not part of its outer one, so the seconds of one thread add up to its
time; the seconds of a decoder thread overlap with those of the network.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")
LINE = "stages"
_END = object()


@dataclass
class _Running:
    name: str
    since: float


class Stages:
    def __init__(self, now: Callable[[], float] = time.perf_counter) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._local = threading.local()
        self._started = now()
        self.seconds: dict[str, float] = {}
        self.counts: dict[str, int] = {}

    @contextmanager
    def during(self, name: str) -> Iterator[None]:
        stack = self._stack()
        if stack:
            self._book(stack[-1])
        stack.append(_Running(name, self._now()))
        try:
            yield
        finally:
            self._book(stack.pop())
            if stack:
                stack[-1].since = self._now()

    def each(self, name: str, items: Iterable[T]) -> Iterator[T]:
        """The same items; the time to make them is that of stage `name`."""
        iterator = iter(items)
        while True:
            with self.during(name):
                item: Any = next(iterator, _END)
            if item is _END:
                return
            yield item

    def count(self, name: str, number: int = 1) -> None:
        self.counts[name] = self.counts.get(name, 0) + number

    def line(self, **facts: Any) -> str:
        """`stages {"total_seconds":...,"seconds":{"decode":...},"counts":{...}}`"""
        seconds = {name: round(value, 6) for name, value in self.seconds.items()}
        total = round(self._now() - self._started, 6)
        document = {"total_seconds": total, "seconds": seconds, "counts": self.counts, **facts}
        return f"{LINE} {json.dumps(document, separators=(',', ':'))}"

    def _stack(self) -> list[_Running]:
        if not hasattr(self._local, "stack"):
            self._local.stack = []
        stack: list[_Running] = self._local.stack
        return stack

    def _book(self, running: _Running) -> None:
        with self._lock:
            self.seconds[running.name] = self.seconds.get(running.name, 0.0) + self._now() - running.since
