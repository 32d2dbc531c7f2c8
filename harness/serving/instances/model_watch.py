"""Ends a wait for an endpoint whose model never loads.

TorchServe starts a worker that dies on loading again and again while `/ping` is 200 and requests wait. On AWS that is a
billed instance and a queue that times out; here the container's log ends the wait with the model's own exception.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.core.errors import HarnessError
from harness.processes import log_tail
from harness.serving.stacks.torchserve.log import DIED, load_failure, without_metrics

_LINES = 400
_SHOWN_LINES = 50
_LOAD_FAILED = "Load model failed"
_SILENT_DEATHS = 2
"""A death without a traceback may be one that is still being written; the second is not."""


@dataclass(frozen=True)
class ModelWatch:
    """`logs_dir` holds the containers' logs of one endpoint, a file an instance, at any depth."""

    logs_dir: Path

    def check(self) -> None:
        """Raises HarnessError, with the log's last lines, when a worker cannot load the model."""
        for path in self.logs_dir.rglob("i-*.log"):
            log = log_tail(path, _LINES)
            cause = load_failure(log)
            if cause is None or (cause == DIED and log.count(_LOAD_FAILED) < _SILENT_DEATHS):
                continue
            raise HarnessError(
                f"the container cannot load the model: {cause}. Every request would wait until it times out; "
                f"the whole log is {path}",
                log_tail=without_metrics(log, _SHOWN_LINES),
            )
