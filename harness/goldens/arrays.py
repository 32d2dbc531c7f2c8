"""The arrays in an npy answer. Owns the reading, which runs nothing of the file: pickled objects are refused."""

from __future__ import annotations

import io
import math
from typing import Any

import numpy as np
from numpy.lib import format as npy_format

from harness.goldens.contents import NotOfKindError

Array = np.ndarray[Any, np.dtype[Any]]

_MOST_ARRAYS = 1000
npy: Any = npy_format  # numpy's own type hints leave it out


def arrays_of(body: bytes) -> tuple[Array, ...]:
    """Every array of the body: `np.save` may be called several times on one file. Raises NotOfKindError."""
    file, found = io.BytesIO(body), list[Array]()
    while file.tell() < len(body) or not found:
        if len(found) == _MOST_ARRAYS:
            raise NotOfKindError(f"it holds more than {_MOST_ARRAYS} arrays")
        found.append(_next_array(file, len(body)))
    return tuple(found)


def _next_array(file: io.BytesIO, size_bytes: int) -> Array:
    """The header is held against what is there before numpy makes room for it: it may promise any size."""
    start = file.tell()
    shape, dtype = _header(file)
    if dtype.hasobject:
        raise NotOfKindError(
            "it holds pickled objects, which would run code to be read: let output_fn answer numbers (array.astype)"
        )
    promised, there = math.prod(shape) * dtype.itemsize, size_bytes - file.tell()
    if promised > there:
        raise NotOfKindError(f"it is cut: {dtype} of shape {shape} has {promised} bytes, and {there} are there")
    file.seek(start)
    try:
        array: Array = npy.read_array(file, allow_pickle=False)
    except Exception as error:  # numpy parses the header as a Python literal
        raise NotOfKindError(f"numpy cannot read it ({error})") from error
    return array


def _header(file: io.BytesIO) -> tuple[tuple[int, ...], np.dtype[Any]]:
    try:
        version = npy.read_magic(file)
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, _, dtype = read(file)
    except Exception as error:  # TokenError, RecursionError, KeyError: the header is a Python literal
        raise NotOfKindError(f"it is no npy array ({error})") from error
    if any(length < 0 for length in shape):
        raise NotOfKindError(f"it is no npy array (its shape is {shape})")
    return shape, dtype
