"""Python's cycle collector, kept from looking again and again through what lives as long as the process.

Owns: the pause while a network is loaded, which makes many objects and no garbage worth a search, and the freezing of
everything that is there afterwards: torch and the network alone are hundreds of thousands of objects, and every full
collection would visit them all, at load and in the middle of a request.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def resting() -> Iterator[None]:
    """No collection while the context lasts; what is there at its end is never visited by a later one."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()
