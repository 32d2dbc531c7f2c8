"""What torchvision imports and no answer needs, put off until somebody asks: more than half of a worker's cold start.

`torchvision.ops.roi_align` imports `torch._dynamo`, and `torchvision.models.densenet`, by way of checkpointing, the
functionalisation of AOT autograd: thousands of modules, seconds, for one question each that is asked only of graphs
that are compiled or trained. `torchvision` itself imports its data sets, with all they need to download and unpack.
Here the real modules come when they are asked for, and any other use of these while the import lasts gets the real
thing as well. Importing this module imports torchvision.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from types import ModuleType
from typing import Any

_QUESTIONS = {
    "torch._dynamo.utils": ("is_compile_supported",),
    "torch._functorch._aot_autograd.functional_utils": ("is_fun",),
    "torchvision.datasets": (),
}
"""By module, the functions that are imported by name."""


@contextmanager
def put_off() -> Iterator[None]:
    """Whatever imports one of these meanwhile gets a stand-in, which loads its module at its first use."""
    stand_ins = {name: _StandIn(name, questions) for name, questions in _QUESTIONS.items() if name not in sys.modules}
    sys.modules.update(stand_ins)
    try:
        yield
    finally:
        for name, stand_in in stand_ins.items():
            if sys.modules.get(name) is stand_in:
                del sys.modules[name]


class _StandIn(ModuleType):
    def __init__(self, name: str, questions: tuple[str, ...]) -> None:
        super().__init__(name)
        for question in questions:
            setattr(self, question, partial(self._asked, question))

    def _asked(self, question: str, *given: Any) -> Any:
        return getattr(self._real(), question)(*given)

    def __getattr__(self, attribute: str) -> Any:
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        return getattr(self._real(), attribute)

    def _real(self) -> ModuleType:
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return importlib.import_module(self.__name__)


with put_off():
    importlib.import_module("torchvision")
