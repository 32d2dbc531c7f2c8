"""The log of a container as a file, written while the container runs. Owns one thread and its file.

When the disk is full, the copy waits for room; the engine keeps what the container says meanwhile.
"""

from __future__ import annotations

import logging
import threading
from contextlib import suppress
from pathlib import Path

from harness.core.errors import MachineCannot
from harness.docker.engine import Engine

_WAIT_FOR_ROOM_SECONDS = 1.0
_own_log = logging.getLogger(__name__)


class LogFollower:
    """Copies a container's stdout and stderr until it ends; an error of the engine ends the copy, not the program."""

    def __init__(self, engine: Engine, container_id: str, log_path: Path) -> None:
        self._engine = engine
        self._container_id = container_id
        self._log_path = log_path
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._copy, name=f"log-{container_id[:12]}", daemon=True)

    def start(self) -> None:
        self._log_path.parent.mkdir(parents=True, exist_ok=True)
        self._thread.start()

    def join(self, timeout_seconds: float) -> None:
        """Wait for the end of the copy, and let it wait for room no longer."""
        self._thread.join(timeout_seconds)
        self._is_over.set()

    def _copy(self) -> None:
        with suppress(MachineCannot):
            for chunk in self._engine.follow_log(self._container_id):
                self._store(chunk)

    def _store(self, chunk: bytes) -> None:
        left = memoryview(chunk)
        while left and not self._is_over.is_set():
            try:
                with self._log_path.open("ab", buffering=0) as log:
                    left = left[log.write(left) or 0 :]
            except OSError as error:
                _own_log.warning("%s waits for room: %s", self._log_path, error)
                self._is_over.wait(_WAIT_FOR_ROOM_SECONDS)
