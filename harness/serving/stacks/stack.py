"""The seam between what is served and how it is run: what a serving stack says of itself.

A stack starts nothing and may not know processes or Docker. A runtime gives it a `Placement` and starts the `Launch`
that it returns; a runtime whose image brings its own entry point asks for the log, the packages and the workers alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

import httpx

from harness.serving.stacks.contract.logs import LoadFailure
from harness.serving.stacks.contract.placement import ArchiveLayout, Launch, Needs, Placement


class LogDialect(Protocol):
    """What the lines of a container's log mean. Text in, text out."""

    @property
    def lines_read_for_one(self) -> int:
        """How many lines are read for each that is shown: the server's noise is left out."""
        ...

    @property
    def cause_delay_seconds(self) -> float:
        """How long the cause of a failure may follow the first line that tells of it."""
        ...

    def without_noise(self, log: str, lines: int) -> str:
        """The last `lines` lines, less those that the server writes about each request or minute."""
        ...

    def load_failure(self, log: str) -> LoadFailure | None:
        """Why the model cannot be loaded, worker crash loops included; None when nothing says that it cannot."""
        ...

    def last_request(self, log: str, lines: int) -> str:
        """Of the last `lines` lines: from where the model took its last request up; all of them when it took none."""
        ...

    def model_output(self, log: str) -> Iterator[str]:
        """The lines that the model itself wrote, without the server's prefix."""
        ...


class Stack(Protocol):
    """A serving stack. It is stateless: one value serves every instance."""

    @property
    def name(self) -> str:
        """What a project file calls it: lower case, a key of `STACKS`."""
        ...

    @property
    def archive(self) -> ArchiveLayout: ...

    @property
    def needs(self) -> Needs: ...

    @property
    def log(self) -> LogDialect: ...

    @property
    def packages(self) -> tuple[str, ...]:
        """The Python distributions that serve; the evidence names their versions."""
        ...

    @property
    def worker_mark(self) -> str:
        """A part of the command line of the processes that hold the model, and of no other."""
        ...

    def launch(self, placement: Placement) -> Launch:
        """The command and the whole environment of the container. Pure, but for looking at the unpacked archive."""
        ...

    def is_loaded(self, base_url: str, client: httpx.Client) -> bool:
        """Whether a request would be answered now and not kept waiting for the model; never raises httpx's errors."""
        ...

    def response_timeout_seconds(self, environment: Mapping[str, str]) -> float:
        """After how long the stack itself gives up on a request, given CreateModel's Environment."""
        ...
