"""Pauses Python's cycle collector while a network is loaded.

Owns: the pause, because a load makes many objects and little garbage, and the freezing of every object that exists
afterwards: torch and the network alone have hundreds of thousands of objects, and every full collection would visit
them all, at load and in the middle of a request.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def gc_paused() -> Iterator[None]:
    """Pause collection while the context lasts; no later collection visits the objects that exist at its end."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()
