"""What ends a program from outside: Ctrl-C, the SIGTERM that CI sends, and the SIGHUP of a terminal that closes.

All three unwind the program, so that what it started is ended and what it made is removed. A signal that is ignored
when the program starts, as SIGHUP below `nohup`, stays ignored.
"""

from __future__ import annotations

import signal
from types import FrameType

INTERRUPTED = 130
_AS_INTERRUPTS = (signal.SIGTERM, signal.SIGHUP)


class Stopping:
    """From `obey` on; `exit_code` is that of the program."""

    def __init__(self) -> None:
        self._received: int | None = None

    def obey(self) -> None:
        for number in _AS_INTERRUPTS:
            if signal.getsignal(number) is signal.SIG_DFL:
                signal.signal(number, self._interrupt)

    def exit_code(self, of_the_command: int | str | None) -> int | str | None:
        """128 and the signal's number, as a shell has it; or the command's own code if none interrupted it."""
        if of_the_command == INTERRUPTED and self._received is not None:
            return 128 + self._received
        return of_the_command

    def _interrupt(self, number: int, _: FrameType | None) -> None:
        self._received = number
        raise KeyboardInterrupt
