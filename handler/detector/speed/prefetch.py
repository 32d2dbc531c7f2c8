"""Makes the items of an iterator in a thread while the item before is in use.

Owns: the thread, its bounded queue, and its end: when the context ends, for whatever reason, the thread has ended and
no longer reads its source. Decoders and torch both release the interpreter lock while they work. Prefetching helps on a
CPU as well, because parts of a network keep only one core busy.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

T = TypeVar("T")
_DEPTH = 1  # items in the queue, beside the one being made and the one being used
_PATIENCE_SECONDS = 0.05
_END = object()


@contextmanager
def prefetched(items: Iterator[T]) -> Iterator[Iterator[T]]:
    """The same items in the same order; an error of the iterator is raised at the same item."""
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
