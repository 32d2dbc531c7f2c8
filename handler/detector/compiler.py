"""torch's compiler, kept out of the way while torchvision is imported: half of a worker's cold start.

`torchvision.ops.roi_align` imports `torch._dynamo` - two thousand modules, seconds - for one question that it asks only
on devices without kernels of its own. Here that question is answered by the real compiler when it is asked, and any
other use of it while the import lasts gets the real thing as well. Importing this module imports torchvision.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

_NAME, _QUESTION = "torch._dynamo.utils", "is_compile_supported"


@contextmanager
def put_off() -> Iterator[None]:
    """Whatever imports the question from the compiler meanwhile gets one that loads it when asked."""
    if _NAME in sys.modules:
        yield
        return
    stand_in = ModuleType(_NAME)
    stand_in.__dict__.update({_QUESTION: _asked, "__getattr__": _real})
    sys.modules[_NAME] = stand_in
    try:
        yield
    finally:
        if sys.modules.get(_NAME) is stand_in:
            del sys.modules[_NAME]


def _asked(device_type: str) -> bool:
    return bool(_real(_QUESTION)(device_type))


def _real(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    found = sys.modules.get(_NAME)
    if found is None or not hasattr(found, "__file__"):
        sys.modules.pop(_NAME, None)
        found = importlib.import_module(_NAME)
    return getattr(found, name)


with put_off():
    importlib.import_module("torchvision")
