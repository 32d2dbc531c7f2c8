"""What a person sees while the harness works: a line per finished stage on stderr, a spinner while one runs.

Owns stage names, their durations, and the words on stderr. May not write to stdout, which belongs to results.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from rich.console import Console
from rich.markup import escape


@dataclass(frozen=True)
class StageTiming:
    name: str
    started: datetime
    seconds: float


@dataclass
class Progress:
    """Stages in the order they ended; `console` writes to stderr."""

    console: Console
    timings: list[StageTiming] = field(default_factory=list)

    @contextmanager
    def stage(self, name: str) -> Iterator[Stage]:
        started, clock = datetime.now(UTC), time.monotonic()
        stage = Stage(name)
        try:
            with self.console.status(f"{escape(name)} …") as status:
                stage.show = lambda words: status.update(escape(words))
                yield stage
        except BaseException:
            self._line("[red]✗[/red]", stage, time.monotonic() - clock)
            raise
        seconds = time.monotonic() - clock
        self.timings.append(StageTiming(name, started, seconds))
        self._line(stage.mark, stage, seconds)

    def say(self, words: str) -> None:
        self.console.print(f"  [dim]{escape(words)}[/dim]", highlight=False)

    def _line(self, mark: str, stage: Stage, seconds: float) -> None:
        result = f" [dim]{escape(stage.result)}[/dim]" if stage.result else ""
        self.console.print(f"{mark} {escape(stage.name)} [cyan]{seconds:.1f} s[/cyan]{result}", highlight=False)


@dataclass
class Stage:
    """The running stage. `result` is printed after its name when it ends; `show` prints beside the spinner."""

    name: str
    result: str = ""
    ok: bool = True
    skipped: bool = False
    """Whether it did nothing, which is not a success; `result` says why."""
    show: Callable[[str], None] = lambda _: None

    @property
    def mark(self) -> str:
        if self.skipped:
            return "[dim]–[/dim]"
        return "[green]✓[/green]" if self.ok else "[red]✗[/red]"


def stderr_progress(*, quiet: bool = False) -> Progress:
    return Progress(Console(stderr=True, quiet=quiet, soft_wrap=True))
