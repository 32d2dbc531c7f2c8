"""Defers modules that torchvision imports and no answer needs until their first use: they are most of a cold start.

`torchvision.ops.roi_align` imports `torch._dynamo`, and `torchvision.models.densenet` imports, through checkpointing,
the functionalisation of AOT autograd: thousands of modules and several seconds, for one function each, which is called
only for graphs that are compiled or trained. `torchvision` itself imports its data sets, with everything that downloads
and unpacks them. Importing this module imports torchvision with a placeholder for each of these modules; the first use
of a placeholder imports the real one.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from types import ModuleType
from typing import Any

# For each module, these are the functions that others import by name.
_FUNCTIONS = {
    "torch._dynamo.utils": ("is_compile_supported",),
    "torch._functorch._aot_autograd.functional_utils": ("is_fun",),
    "torchvision.datasets": (),
}


@contextmanager
def placeholders() -> Iterator[None]:
    """While the context lasts, importing one of these modules gives a placeholder, which loads it at its first use."""
    made = {name: _Placeholder(name, functions) for name, functions in _FUNCTIONS.items() if name not in sys.modules}
    sys.modules.update(made)
    try:
        yield
    finally:
        for name, placeholder in made.items():
            if sys.modules.get(name) is placeholder:
                del sys.modules[name]


class _Placeholder(ModuleType):
    def __init__(self, name: str, functions: tuple[str, ...]) -> None:
        super().__init__(name)
        for function in functions:
            setattr(self, function, partial(self._called, function))

    def _called(self, function: str, *given: Any) -> Any:
        return getattr(self._real(), function)(*given)

    def __getattr__(self, attribute: str) -> Any:
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        return getattr(self._real(), attribute)

    def _real(self) -> ModuleType:
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return importlib.import_module(self.__name__)


with placeholders():
    importlib.import_module("torchvision")
