"""Replays a computation on a CUDA device as one graph, which spares the host a launch for every step.

Owns: the graphs, at most a few, one for each shape of input, and the constants that computations keep by size (`Kept`).
A shape is captured when it comes for the second time: most sizes come once, and a capture costs more than it saves
then. A computation that cannot be captured runs as it is. May not: know what is computed.

What is computed must not wait for the device, so it makes its constants once. A graph reads them where they were when
it was captured, so it holds them: the cache may drop a constant, and its memory would be given to another tensor.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import wraps
from typing import Any, ClassVar, Generic, ParamSpec, TypeVar
from weakref import WeakSet

import torch
from torch import Tensor

logger = logging.getLogger(__name__)
T = TypeVar("T")
P = ParamSpec("P")
_Kind = tuple[Hashable, ...]
_MOST_GRAPHS = 4
_MOST_SEEN = 64
_cuda: Any = torch.cuda  # torch gives its streams and graphs no types


class Kept(Generic[T]):
    """The last `most` constants, each made when it is first asked for."""

    _all: ClassVar[WeakSet[Kept[Any]]] = WeakSet()

    def __init__(self, most: int) -> None:
        self._most = most
        self._items: OrderedDict[Hashable, T] = OrderedDict()
        Kept._all.add(self)

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        if key not in self._items:
            self._items[key] = make()
            if len(self._items) > self._most:
                self._items.popitem(last=False)
        self._items.move_to_end(key)
        return self._items[key]

    @classmethod
    def everything(cls) -> tuple[Any, ...]:
        """What all of them keep now."""
        return tuple(item for each in cls._all for item in each.items())

    def items(self) -> tuple[T, ...]:
        return tuple(self._items.values())


def constant(most: int) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Decorates a function of sizes and a device: its last `most` results are kept."""

    def keeping(function: Callable[P, T]) -> Callable[P, T]:
        kept: Kept[T] = Kept(most)

        @wraps(function)
        def result(*arguments: P.args, **named: P.kwargs) -> T:
            return kept.get((arguments, *sorted(named.items())), lambda: function(*arguments, **named))

        return result

    return keeping


@dataclass(frozen=True)
class _Graph(Generic[T]):
    graph: Any
    given: Tensor
    result: T
    constants: tuple[Any, ...]


class Graphed(Generic[T]):
    """`compute` of a tensor and of what is known of it beside its shape.

    A result lives in the memory of its graph, until the same is computed again.
    """

    def __init__(self, compute: Callable[[Tensor, Any], T]) -> None:
        self._compute = compute
        self._graphs: OrderedDict[_Kind, _Graph[T]] = OrderedDict()
        self._seen: OrderedDict[_Kind, None] = OrderedDict()
        self._is_able = True

    def __call__(self, given: Tensor, known: Hashable = None) -> T:
        kind = (*given.shape, known)
        if kind in self._graphs:
            return self._replayed(kind, given)
        if not self._is_able or given.device.type != "cuda" or not self._comes_again(kind):
            return self._compute(given, known)
        return self._captured(kind, given, known)

    def give_up(self) -> None:
        """Give the graphs' memory back, and make no more: memory is short."""
        self._graphs.clear()
        self._is_able = False

    def _comes_again(self, kind: _Kind) -> bool:
        if kind in self._seen:
            return True
        self._seen[kind] = None
        if len(self._seen) > _MOST_SEEN:
            self._seen.popitem(last=False)
        return False

    def _replayed(self, kind: _Kind, given: Tensor) -> T:
        self._graphs.move_to_end(kind)
        kept = self._graphs[kind]
        kept.given.copy_(given, non_blocking=True)
        kept.graph.replay()
        return kept.result

    def _captured(self, kind: _Kind, given: Tensor, known: Hashable) -> T:
        while len(self._graphs) >= _MOST_GRAPHS:
            self._graphs.popitem(last=False)
        try:
            self._graphs[kind] = self._capture(given.clone(), known)
        except torch.OutOfMemoryError:
            logger.warning("there is no memory for CUDA graphs; the network runs without them")
            self.give_up()
        except RuntimeError as error:
            reason = str(error).strip().partition("\n")[0]
            logger.warning("the network runs without CUDA graphs: %s; set FORWARD=batched to spare the trial", reason)
            self.give_up()
        return self(given, known)

    def _capture(self, given: Tensor, known: Hashable) -> _Graph[T]:
        """Runs once as it is, beside the main stream, which makes every constant; and then under capture."""
        stream = _cuda.Stream(given.device)
        stream.wait_stream(torch.cuda.current_stream(given.device))
        with torch.cuda.stream(stream):
            self._compute(given, known)
        torch.cuda.current_stream(given.device).wait_stream(stream)
        graph = _cuda.CUDAGraph()
        # Another thread may pin memory for the next batch meanwhile, which the default mode makes an error in both.
        with torch.cuda.graph(graph, capture_error_mode="thread_local"):
            captured = self._compute(given, known)
        return _Graph(graph, given, captured, Kept.everything())
