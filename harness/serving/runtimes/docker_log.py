"""The log of a container as a file, written while the container runs. Owns one thread and its file."""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path

from harness.core.errors import MachineCannot
from harness.docker.engine import Engine


class LogFollower:
    """Copies a container's stdout and stderr until it ends; an error of the engine ends the copy, not the program."""

    def __init__(self, engine: Engine, container_id: str, log_path: Path) -> None:
        self._engine = engine
        self._container_id = container_id
        self._log_path = log_path
        self._thread = threading.Thread(target=self._copy, name=f"log-{container_id[:12]}", daemon=True)

    def start(self) -> None:
        self._log_path.parent.mkdir(parents=True, exist_ok=True)
        self._thread.start()

    def join(self, timeout_seconds: float) -> None:
        self._thread.join(timeout_seconds)

    def _copy(self) -> None:
        with self._log_path.open("ab", buffering=0) as log, suppress(MachineCannot):
            for chunk in self._engine.follow_log(self._container_id):
                log.write(chunk)
