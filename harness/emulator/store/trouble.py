"""Trouble of this machine: a full disk, an I/O error, too many open files. It is never the model's, nor the cloud's."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from harness.core.errors import HarnessError

_ERRNOS = frozenset(
    {
        errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS,
        errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS, errno.EAGAIN,
    }
)  # fmt: skip
_PRIMARY = 0xFF
_SQLITE_CODES = frozenset(
    {
        sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_NOMEM,
    }
)  # fmt: skip


class LocalTrouble(HarnessError):
    """A file of the emulator's own could not be read or written; the same may succeed later."""


class EmulatorStops(HarnessError):
    """The emulator ended before a change could be stored; its next start resumes from what is stored."""


@contextmanager
def own_file(what: str) -> Iterator[None]:
    """Raise LocalTrouble for an OSError inside; a file that is missing stays FileNotFoundError."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        raise LocalTrouble(f"{what}: {error}") from error


def local_trouble(error: BaseException | None) -> str | None:
    """Return the trouble of this machine that caused `error`, in words; None when something else did."""
    while error is not None:
        if isinstance(error, LocalTrouble) or is_local(error):
            return str(error)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return None


def is_local(error: BaseException) -> bool:
    """Whether the error itself, not one before it, says that this machine is short of something or cannot read."""
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", 0) & _PRIMARY in _SQLITE_CODES
    return isinstance(error, OSError) and error.errno in _ERRNOS
