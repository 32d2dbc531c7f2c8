"""A gzipped tar archive as a subject: one pass lists it to its end, so that a truncated one is noticed.

Nothing is unpacked to disk, and no member is trusted: bounds hold for their number and for the sizes that they state.
"""

from __future__ import annotations

import gzip
import tarfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from harness.preflight.subject.entry import Entry, Kind
from harness.preflight.subject.subject import Unreadable

MOST_MEMBERS = 100_000
MOST_BYTES = 64 * 2**30
_COPY_BYTES = 1024 * 1024
_PACK_AGAIN = "pack it again with `tar -czf model.tar.gz`"
# What tarfile, gzip and zlib raise on bytes that are no such archive.
_DAMAGED = (tarfile.TarError, OSError, EOFError, zlib.error, ValueError, OverflowError)


@dataclass(frozen=True)
class Archive:
    path: Path
    entry_point: str = "inference.py"
    is_archive: ClassVar[bool] = True

    @cached_property
    def entries(self) -> Sequence[Entry]:
        with _as_unreadable(), gzip.open(self.path) as plain:
            with tarfile.open(fileobj=plain, mode="r|") as tar:
                found = tuple(_listed(tar))
            while plain.read(_COPY_BYTES):  # the checksum comes behind the last member
                pass
            return found

    def read(self, entry: Entry) -> bytes:
        """One more pass up to the member; the last of several with this name counts, as it does when unpacked."""
        content = None
        with _as_unreadable(), gzip.open(self.path) as plain, tarfile.open(fileobj=plain, mode="r|") as tar:
            for member in tar:
                file = tar.extractfile(member) if member.name == entry.name and member.isreg() else None
                content = content if file is None else file.read()
        if content is None:
            raise Unreadable(f"the archive has no file {entry.shown}", _PACK_AGAIN)
        return content


@contextmanager
def _as_unreadable() -> Iterator[None]:
    try:
        yield
    except Unreadable:
        raise
    except _DAMAGED as error:
        raise Unreadable(f"not a gzipped tar archive, or a damaged one: {error}", _PACK_AGAIN) from error


def _listed(tar: tarfile.TarFile) -> Iterator[Entry]:
    size_bytes = 0
    for count, member in enumerate(tar, start=1):
        size_bytes += max(0, member.size)
        if count > MOST_MEMBERS or size_bytes > MOST_BYTES:
            raise Unreadable(
                f"the archive has more than {MOST_MEMBERS} members, or unpacks to more than {MOST_BYTES >> 30} GiB",
                "pack only what the model needs",
            )
        yield Entry(member.name, _kind(member), member.size, member.linkname)


def _kind(member: tarfile.TarInfo) -> Kind:
    if member.issym() or member.islnk():
        return "link"
    if member.isdir():
        return "folder"
    return "file" if member.isreg() else "other"
