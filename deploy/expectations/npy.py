"""The shape and type of an answer that is one npy array, read from its header; numpy is not needed.

The format is numpy's (numpy.lib.format): a magic text, a version, the header's length, and the header, which is a
Python literal. What follows must be as long as the header says. May not: read the numbers.
"""

from __future__ import annotations

import ast
import math
import re
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from deploy.config.case_sections import NpySection
from deploy.evidence import Finding

_MAGIC = b"\x93NUMPY"
# The header's length is two bytes in version 1, and four in 2 and 3.
_LENGTHS: Mapping[int, str] = {1: "<H", 2: "<I", 3: "<I"}
_KINDS: Mapping[str, str] = {"b": "bool", "i": "int", "u": "uint", "f": "float", "c": "complex"}
_SIMPLE = re.compile(r"[<>|=]?([a-zA-Z])(\d+)")
_SHOWN_BYTES = 60


@dataclass(frozen=True)
class Header:
    """`dtype` is numpy's name, as in uint8, or its own description where there is no such name, as in <U4."""

    shape: tuple[int, ...]
    dtype: str
    data_bytes: int


class NoArrayError(ValueError):
    """The body is no whole npy array; the message says why."""


def judge(body: bytes, expect: NpySection | None) -> Iterator[Finding]:
    """What differs from the expected array; nothing where none is expected."""
    if expect is None:
        return
    try:
        header = read(body)
    except NoArrayError as error:
        yield _finding(f"the case expects an npy array, and the answer is none: {error}")
        return
    if expect.shape is not None and header.shape != expect.shape:
        yield _finding(f"the array has the shape {header.shape}, expected is {expect.shape}")
    if expect.dtype is not None and header.dtype != expect.dtype:
        yield _finding(f"the array is of {header.dtype}, expected is {expect.dtype}")


def read(body: bytes) -> Header:
    """The header of the array that the body is. Raises NoArrayError."""
    if not body.startswith(_MAGIC):
        raise NoArrayError(f"it begins {body[:_SHOWN_BYTES]!r}")
    try:
        layout = _LENGTHS[body[len(_MAGIC)]]
        start = len(_MAGIC) + 2 + struct.calcsize(layout)
        (length,) = struct.unpack_from(layout, body, len(_MAGIC) + 2)
        fields = ast.literal_eval(body[start : start + length].decode("utf-8").strip())
        shape, (dtype, size) = tuple(int(side) for side in fields["shape"]), _dtype(fields["descr"])
    except (
        IndexError,
        KeyError,
        TypeError,
        ValueError,
        SyntaxError,
        RecursionError,
        MemoryError,
        struct.error,
    ) as error:
        raise NoArrayError(f"its header cannot be read ({error!r})") from error
    found = len(body) - start - length
    if size is not None and found != size * math.prod(shape):
        raise NoArrayError(
            f"{found} bytes follow its header, and an array {shape} of {dtype} has {size * math.prod(shape)}"
        )
    return Header(shape, dtype, found)


def _dtype(described: object) -> tuple[str, int | None]:
    """Its name, and how many bytes a number has; None where that is not told, as of records."""
    simple = _SIMPLE.fullmatch(described) if isinstance(described, str) else None
    if simple is None or simple[1] not in _KINDS:
        return str(described), None
    bytes_each = int(simple[2])
    return ("bool" if simple[1] == "b" else f"{_KINDS[simple[1]]}{8 * bytes_each}"), bytes_each


def _finding(message: str) -> Finding:
    return Finding(
        check="answer.npy",
        severity="error",
        message=message,
        advice="correct the handler's answer, set the case's `accept` to application/x-npy, or correct expect.npy",
    )
