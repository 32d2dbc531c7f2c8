"""A disk that fails when it is told to: a layer under the real files and the real SQLite, which stay real."""

from __future__ import annotations

import errno
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import FileIO
from typing import TYPE_CHECKING

from harness.emulator.store.disk import Disk

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


@dataclass(frozen=True)
class Trouble:
    """What goes wrong: the error of files, where they can have it, and SQLite's words for the same."""

    name: str
    number: int | None
    acts: frozenset[str]
    sql_code: int
    sql_text: str

    def error(self, act: str, what: str) -> Exception | None:
        if act == "sql":
            error = sqlite3.OperationalError(self.sql_text)
            error.sqlite_errorcode = self.sql_code
            return error
        if self.number is None or act not in self.acts:
            return None
        return OSError(self.number, os.strerror(self.number), what)


_ALL = frozenset({"open", "write", "mkdir", "unlink"})
FULL = Trouble("ENOSPC", errno.ENOSPC, _ALL - {"unlink"}, sqlite3.SQLITE_FULL, "database or disk is full")
BROKEN = Trouble("EIO", errno.EIO, _ALL, sqlite3.SQLITE_IOERR, "disk I/O error")
TOO_MANY = Trouble("EMFILE", errno.EMFILE, frozenset({"open"}), sqlite3.SQLITE_CANTOPEN, "unable to open database file")
LOCKED = Trouble("locked", None, frozenset(), sqlite3.SQLITE_BUSY, "database is locked")
TROUBLES = (FULL, BROKEN, TOO_MANY, LOCKED)


Plan = Callable[[int, str], Trouble | None]


def no_trouble(number: int, act: str) -> None:
    """Let every act pass."""


class FaultyDisk(Disk):
    """`plan(number, act)` tells the trouble of the act with that number, the first being 0; None lets it pass."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._was_halved = False
        self.plan: Plan = no_trouble
        self.acts = 0
        self.failed = 0
        self.kinds: list[str] = []
        """Of each act: what was done to which kind of file, or how the statement begins."""

    def before(self, act: str, what: str) -> None:
        error = self._error(act, what)
        if error is not None:
            raise error

    def write(self, file: FileIO, data: ReadableBuffer) -> int:
        """On a full disk half of the first write still fits, as on a real one."""
        error = self._error("write", str(file.name))
        view = memoryview(data)
        if isinstance(error, OSError) and error.errno == errno.ENOSPC and len(view) > 1 and not self._was_halved:
            self._was_halved = True
            return file.write(view[: len(view) // 2]) or 0
        if error is not None:
            raise error
        self._was_halved = False
        return file.write(view) or 0

    @contextmanager
    def aside(self) -> Iterator[None]:
        """What the test itself reads is no act."""
        plan, acts = self.plan, self.acts
        self.plan = no_trouble
        try:
            yield
        finally:
            del self.kinds[acts:]
            self.plan, self.acts = plan, acts

    def _error(self, act: str, what: str) -> Exception | None:
        with self._lock:
            trouble = self.plan(self.acts, act)
            self.acts += 1
            self.kinds.append(f"{act} {what[:20] if act == 'sql' else what.rpartition('/')[2].rpartition('.')[2]}")
            error = None if trouble is None else trouble.error(act, what)
            self.failed += error is not None
            return error


def streak(trouble: Trouble, first: int, length: int) -> Plan:
    """The acts `first`, `first + 1` ... fail, so many in a row."""
    return lambda number, act: trouble if first <= number < first + length else None  # noqa: ARG005
