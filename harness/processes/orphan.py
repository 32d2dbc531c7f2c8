"""Ends a child whose parent was killed: otherwise only the next run's sweep would.

Only the standard library, and nothing of ours: programs that run as files in environments of their own load it too.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

_LOOK_EVERY_SECONDS = 1.0


def end_with_parent(end: Callable[[], object]) -> None:
    """Call `end` in a thread once this process has another parent than it has now."""
    parent, never = os.getppid(), threading.Event()

    def watch() -> None:
        while os.getppid() == parent:
            never.wait(_LOOK_EVERY_SECONDS)
        end()

    threading.Thread(target=watch, name="parent", daemon=True).start()
