"""Opens a stack of pictures in npy format as a clip: (N, H, W, 3) uint8, RGB.

Owns: the npy header, which is checked against the body. Nothing is unpickled and nothing is copied: the frames
are views of the body.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from detector.core.errors import EmptyMedia, TruncatedMedia, UnreadableMedia
from detector.core.frames import Clip, Frame
from detector.core.opencv import MAX_FRAME_PIXELS
from detector.core.planes import Pixels

_HEADER_LIMIT_BYTES = 4096
_npy_format: Any = np.lib.format  # numpy publishes no types for it
_EXPECTED = "expected an npy file of dtype uint8 and shape (frames, height, width, 3), RGB, in C order"


@contextmanager
def open_npy(body: bytes | bytearray, frame_interval: int) -> Iterator[Clip]:
    """The frames' `pts_seconds` is NaN. Raises UnreadableMedia, EmptyMedia or TruncatedMedia."""
    stack = _stack(body)
    yield Clip(stack.shape[2], stack.shape[1], _frames(stack, frame_interval))


def _frames(stack: Pixels, frame_interval: int) -> Iterator[Frame]:
    for index in range(0, len(stack), frame_interval):
        yield Frame(index, math.nan, stack[index], is_bgr=False)


def _stack(body: bytes | bytearray) -> Pixels:
    shape, offset = _header(body)
    declared, arrived = math.prod(shape), len(body) - offset
    if arrived < declared:
        whole = arrived // math.prod(shape[1:])
        raise TruncatedMedia(
            f"the npy header declares {declared} bytes of pixels and {arrived} arrived: {whole} of {shape[0]} frames; "
            "upload the whole file"
        )
    return np.frombuffer(body, np.uint8, count=declared, offset=offset).reshape(shape)


def _header(body: bytes | bytearray) -> tuple[tuple[int, ...], int]:
    """The shape, and the offset of the pixels."""
    start = io.BytesIO(body[:_HEADER_LIMIT_BYTES])
    try:
        version = _npy_format.read_magic(start)
        read = _npy_format.read_array_header_1_0 if version == (1, 0) else _npy_format.read_array_header_2_0
        shape, fortran_order, dtype = read(start)
    except Exception as error:  # the header is a Python literal: TokenError, RecursionError, KeyError...
        raise UnreadableMedia(f"{_EXPECTED}; its header cannot be read: {error}") from error
    if dtype != np.uint8 or len(shape) != 4 or shape[3] != 3 or fortran_order:
        order = "Fortran" if fortran_order else "C"
        raise UnreadableMedia(f"{_EXPECTED}; got dtype {dtype}, shape {shape}, {order} order")
    _check_shape(shape)
    return shape, start.tell()


def _check_shape(shape: tuple[int, ...]) -> None:
    _, height, width, _ = shape
    if min(shape) < 1:
        raise EmptyMedia(f"the npy array of shape {shape} holds no pixels")
    if height * width > MAX_FRAME_PIXELS:
        raise UnreadableMedia(f"pictures of {width} x {height} are larger than the {MAX_FRAME_PIXELS} pixels allowed")
