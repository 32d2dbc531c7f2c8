"""Encodes masks as COCO's compressed run-length encoding, in numpy alone: the container has no pycocotools.

Owns: the format. A mask is read column by column; its runs, beginning with one of zeros that may be empty, are written
as signed integers of 5 bits a character, from the third but one on as differences to the run two before.

Source of the format: maskApi.c in github.com/cocodataset/cocoapi (`rleEncode`, `rleToString`).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_BITS, _SIGN, _MORE, _FIRST_CHARACTER = 5, 0x10, 0x20, 48


def encode(region: npt.NDArray[np.bool_], x: int, y: int, width: int, height: int) -> str:
    """The counts of a mask of `height` x `width` pixels that is `region` at column x and row y, and empty elsewhere."""
    return _compressed(_runs(region, x, y, width, height))


def _runs(region: npt.NDArray[np.bool_], x: int, y: int, width: int, height: int) -> npt.NDArray[np.int64]:
    columns = np.pad(region.T.astype(np.int8), ((0, 0), (1, 1)))
    edges = np.diff(columns, axis=1)
    starts, ends = (_positions(edges == sign, x, y, height) for sign in (1, -1))
    # A run that ends at the bottom of a column and one that begins at the top of the next are one run.
    apart = starts[1:] != ends[:-1]
    starts, ends = starts[np.r_[True, apart][: len(starts)]], ends[np.r_[apart, True][: len(ends)]]
    borders = np.stack([starts, ends], axis=1).ravel()
    runs = np.diff(borders, prepend=0, append=width * height)
    return runs[:-1] if runs[-1] == 0 else runs


def _positions(edges: npt.NDArray[np.bool_], x: int, y: int, height: int) -> npt.NDArray[np.int64]:
    """The edges of the region as column-major positions in the whole mask."""
    column, row = np.nonzero(edges)
    return (column + x) * height + row + y


def _compressed(runs: npt.NDArray[np.int64]) -> str:
    values = runs.copy()
    values[3:] -= runs[1:-2]
    characters = []
    emitted = np.ones(len(values), bool)
    while emitted.any():
        bits, values = values & 0x1F, values >> _BITS
        more = np.where(bits & _SIGN, values != -1, values != 0)
        characters.append(np.where(emitted, bits + np.where(more, _MORE, 0) + _FIRST_CHARACTER, 0))
        emitted = emitted & more
    table = np.stack(characters, axis=1).astype(np.uint8) if characters else np.zeros(0, np.uint8)
    return bytes(table[table != 0]).decode("ascii")
