"""TorchServe's log dialect: what the log says about the workers that `/ping` does not.

TorchServe 0.12 answers `/ping` with 200 while the first worker still loads the model, and goes on doing so for five
minutes while a worker that cannot load it is started again and again. The log says it at once. Pure text in, text out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from harness.serving.stacks.contract.logs import LoadFailure

DIED = "the worker process died while it loaded the model"
_METRICS = ("TS_METRICS - ", "MODEL_METRICS - ", "[METRICS]")
_WORKER_SAYS = re.compile(r"(?P<worker>W-\d+-\S+?)-std(?:out|err) MODEL_LOG - (?P<text>.*)$")
_SERVER_SAYS_DIED = re.compile(r"(?P<worker>W-\d+-\S+) .*Load model failed: ")
_TOOK_A_REQUEST = "Backend received inference"
_TRACEBACK = "Traceback (most recent call last):"
_MODEL_SAYS = "MODEL_LOG - "
# The worker's own summary, after the traceback of the cause.
_SECOND_HAND = re.compile(r"RuntimeError: \d{3} - ")
_LOAD_FAILED = "Load model failed"
# A death without a traceback may be one that is still being written; the second is not.
_SILENT_DEATHS = 2


@dataclass(frozen=True)
class TorchServeLog:
    """This module's functions as a `LogDialect`."""

    lines_read_for_one: int = 20
    """Most lines are metrics."""
    cause_delay_seconds: float = 1.0

    def without_noise(self, log: str, lines: int) -> str:
        return without_metrics(log, lines)

    def load_failure(self, log: str) -> LoadFailure | None:
        cause = load_failure(log)
        if cause is None:
            return None
        return LoadFailure(cause, is_final=cause != DIED or log.count(_LOAD_FAILED) >= _SILENT_DEATHS)

    def last_request(self, log: str, lines: int) -> str:
        text = without_metrics(log, lines)
        before, taken_up, after = text.rpartition(_TOOK_A_REQUEST)
        _, _, start = before.rpartition("\n")
        return start + taken_up + after if taken_up else text

    def model_output(self, log: str) -> Iterator[str]:
        return (line.rpartition(_MODEL_SAYS)[2] for line in log.splitlines() if _MODEL_SAYS in line)


def without_metrics(log: str, lines: int) -> str:
    """The last lines, without the several that TorchServe writes about each request."""
    kept = [line for line in log.splitlines() if not any(mark in line for mark in _METRICS)]
    return "\n".join(kept[-lines:])


def load_failure(log: str) -> str | None:
    """Why a worker could not load the model, in one line, such as `RuntimeError: no weights`; None without failure.

    `DIED` when the worker left no traceback, or has not written it yet.
    """
    workers: dict[str, _Worker] = {}
    for line in log.splitlines():
        if said := _WORKER_SAYS.search(line):
            workers.setdefault(said["worker"], _Worker()).says(said["text"])
        elif died := _SERVER_SAYS_DIED.search(line):
            workers.setdefault(died["worker"], _Worker()).died = True
    causes = [cause for worker in workers.values() if (cause := worker.cause()) is not None]
    return next((cause for cause in causes if cause != DIED), causes[0] if causes else None)


@dataclass
class _Worker:
    """What one worker has written since it took its last request."""

    texts: list[str] = field(default_factory=list)
    died: bool = False

    def says(self, text: str) -> None:
        if text.startswith(_TOOK_A_REQUEST):
            self.texts, self.died = [], False
        self.texts.append(text)

    def cause(self) -> str | None:
        if any(text.startswith(_TOOK_A_REQUEST) for text in self.texts):
            return None
        exceptions = [text for text in _exceptions(self.texts) if not _SECOND_HAND.match(text)]
        if exceptions:
            return exceptions[-1]
        return DIED if self.died else None


def _exceptions(texts: list[str]) -> Iterator[str]:
    """The line that ends each traceback, which is the first that is not indented."""
    inside = False
    for text in texts:
        if text == _TRACEBACK:
            inside = True
        elif inside and text and not text.startswith(" "):
            inside = False
            yield text
