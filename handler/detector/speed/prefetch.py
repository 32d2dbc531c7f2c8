"""What is read one by one, made in a thread of its own while the one before is in use.

Owns: the thread, its bounded queue, and its end: when the context is left, whatever the reason, the thread is gone and
has stopped touching what it reads from. Decoders and torch both leave the interpreter alone while they work, and on a
CPU as well: there a network has passages that keep one core only.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

T = TypeVar("T")
_DEPTH = 1
"""Items that wait: one, beside the one being made and the one being used."""
_PATIENCE_SECONDS = 0.05
_END = object()


@contextmanager
def made_ahead(items: Iterator[T]) -> Iterator[Iterator[T]]:
    """The same items in the same order; an error of theirs is raised where it would have been."""
    worker = _Worker(items)
    worker.thread.start()
    try:
        yield worker.results()
    finally:
        worker.stopped.set()
        worker.thread.join()


class _Worker(Generic[T]):
    def __init__(self, items: Iterator[T]) -> None:
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self._make, args=(items,), name="decoder", daemon=True)
        self._queue: queue.Queue[object] = queue.Queue(_DEPTH)

    def results(self) -> Iterator[T]:
        while (item := self._queue.get()) is not _END:
            if isinstance(item, _Raised):
                raise item.error
            yield item  # type: ignore[misc]  # what is neither the end nor an error is a T

    def _make(self, items: Iterator[T]) -> None:
        try:
            for item in items:
                if not self._put(item):
                    return
            self._put(_END)
        except BaseException as error:  # raised again where the items are used
            self._put(_Raised(error))

    def _put(self, item: object) -> bool:
        while not self.stopped.is_set():
            try:
                self._queue.put(item, timeout=_PATIENCE_SECONDS)
                return True
            except queue.Full:
                continue
        return False


class _Raised:
    def __init__(self, error: BaseException) -> None:
        self.error = error
