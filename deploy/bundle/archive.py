"""Writes a gzipped tar archive whose bytes depend on the names and contents of its files, and on nothing else.

Times, owners, modes, order and the machine's zlib leave no trace. The gzip stream is *stored*: trained float32 weights
shrink by about 7 % at any level, deflate takes seconds for that, and two builds of zlib (zlib-ng in some Pythons) make
different bytes from the same input. RFC 1951 defines one form of stored blocks, and they unpack at disk speed.

May not: depend on what the files are.
"""

from __future__ import annotations

import hashlib
import io
import struct
import tarfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from typing_extensions import Buffer

# RFC 1952: deflate, no flags, no time, no extra flags, unknown operating system.
_GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
# The longest stored block of RFC 1951.
_BLOCK_BYTES = 65535
_BUFFERED_BLOCKS = 16
_EMPTY_FINAL_BLOCK = b"\x01\x00\x00\xff\xff"
_FILE_MODE = 0o644


@dataclass(frozen=True)
class Member:
    """One file to pack: its name inside the archive, and the source of its bytes."""

    name: str
    source: Path


@dataclass(frozen=True)
class PackedFile:
    path: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True)
class PackedArchive:
    sha256: str
    size_bytes: int
    files: tuple[PackedFile, ...]
    """In the order of the archive: sorted by the bytes of their names."""


def pack(members: Iterable[Member], out: BinaryIO) -> PackedArchive:
    """Write `members` to `out` as .tar.gz; raises OSError when a file cannot be read or changes while it is read."""
    stream = _StoredGzip(out)
    ordered = sorted(members, key=lambda member: member.name.encode())
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as tar:
        files = tuple(_add(tar, member) for member in ordered)
    return PackedArchive(*stream.finish(), files)


def _add(tar: tarfile.TarFile, member: Member) -> PackedFile:
    with member.source.open("rb") as file:
        info = tarfile.TarInfo(member.name)
        info.size = member.source.stat().st_size
        info.mode = _FILE_MODE
        hashing = _Hashing(file)
        tar.addfile(info, hashing)
        if file.read(1):
            raise OSError(f"{member.source} grew while it was packed")
    return PackedFile(member.name, hashing.digest.hexdigest(), info.size)


class _Hashing(io.RawIOBase):
    """A reader that hashes the bytes that it passes on, so that weights are read once."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__()
        self._file = file
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self.digest.update(data)
        return data


class _StoredGzip(io.RawIOBase):
    """One gzip member of stored blocks, with the few methods of a file that tarfile calls."""

    def __init__(self, out: BinaryIO) -> None:
        super().__init__()
        self._out = out
        self._pending = bytearray()
        self._crc = 0
        self._position = 0
        self._written = 0
        self._digest = hashlib.sha256()
        self._emit(_GZIP_HEADER)

    def write(self, data: Buffer, /) -> int:
        data = bytes(data)
        self._crc = zlib.crc32(data, self._crc)
        self._position += len(data)
        self._pending += data
        while len(self._pending) >= _BLOCK_BYTES * _BUFFERED_BLOCKS:
            self._flush_blocks(_BUFFERED_BLOCKS)
        return len(data)

    def tell(self) -> int:
        return self._position

    def finish(self) -> tuple[str, int]:
        """End the stream; returns the sha256 and the size in bytes of what was written."""
        self._flush_blocks(-(-len(self._pending) // _BLOCK_BYTES))
        self._emit(_EMPTY_FINAL_BLOCK + struct.pack("<II", self._crc, self._position & 0xFFFFFFFF))
        return self._digest.hexdigest(), self._written

    def _flush_blocks(self, count: int) -> None:
        blocks: list[bytes | bytearray] = []
        for start in range(0, count * _BLOCK_BYTES, _BLOCK_BYTES):
            block = self._pending[start : start + _BLOCK_BYTES]
            blocks += [struct.pack("<BHH", 0, len(block), len(block) ^ 0xFFFF), block]
        del self._pending[: count * _BLOCK_BYTES]
        self._emit(b"".join(blocks))

    def _emit(self, data: bytes) -> None:
        self._digest.update(data)
        self._written += len(data)
        self._out.write(data)
