"""The watch that ends a wait for an endpoint whose model never loads.

A stack may start a worker that dies on loading again and again while `/ping` is 200 and requests wait. On AWS that is a
billed instance and a queue that times out; here the container's log ends the wait with the model's own exception.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.core.errors import HarnessError
from harness.processes import log_tail
from harness.serving.stacks import LogDialect

_LINES = 400
_SHOWN_LINES = 50


@dataclass(frozen=True)
class ModelWatch:
    logs_dir: Path
    """Holds the containers' logs of one endpoint, a file an instance, at any depth."""
    dialect: LogDialect

    def check(self) -> None:
        """Raises HarnessError, with the log's last lines, when a worker cannot load the model."""
        for path in self.logs_dir.rglob("i-*.log"):
            log = log_tail(path, _LINES)
            failure = self.dialect.load_failure(log)
            if failure is None or not failure.is_final:
                continue
            raise HarnessError(
                f"the container cannot load the model: {failure.cause}. Every request would wait until it times out; "
                f"the whole log is {path}",
                log_tail=self.dialect.without_noise(log, _SHOWN_LINES),
            )
