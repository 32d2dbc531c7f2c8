"""Encodes masks as COCO's compressed run-length encoding, in numpy alone: the container has no pycocotools.

Owns: the format. A mask is read column by column; its runs, beginning with one of zeros that may be empty, are written
as signed integers of 5 bits a character, from the third but one on as differences to the run two before.

Source of the format: maskApi.c in github.com/cocodataset/cocoapi (`rleEncode`, `rleToString`).
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

_BITS, _ALL_BITS, _MORE, _FIRST_CHARACTER = 5, 0x1F, 0x20, 48
_LIMITS = 1 << (_BITS * np.arange(1, 13) - 1)  # from these on a value takes 2, 3, ... characters, one bit for the sign
_Numbers = npt.NDArray[np.int64]


def encode(region: npt.NDArray[np.bool_], x: int, y: int, width: int, height: int) -> str:
    """The counts of a mask of `height` x `width` pixels that is `region` at column x and row y, and empty elsewhere."""
    return encode_runs(*column_runs(region, x, y, height), 1, width, height)[0]


def column_runs(region: npt.NDArray[np.bool_], x: int, y: int, height: int) -> tuple[_Numbers, _Numbers]:
    """The first positions of the runs of ones in each column of a region of a mask, and those after their last."""
    edges = np.diff(np.pad(region.T.astype(np.int8), ((0, 0), (1, 1))), axis=1)
    starts, ends = (_positions(edges == sign, x, y, height) for sign in (1, -1))
    return starts, ends


def places(width: int, height: int) -> int:
    """How many places of the line of `encode_runs` a mask takes: one more than its pixels, so that no runs meet."""
    return width * height + 1


def encode_runs(starts: _Numbers, ends: _Numbers, masks: int, width: int, height: int) -> tuple[str, ...]:
    """The counts of each of `masks` masks of `height` x `width` pixels, from the runs of ones of all.

    The masks lie on one line, each read column by column and `places` long. `starts` (k,) are the first positions of
    the runs, `ends` (k,) those after their last, both ascending; a run may come in parts that meet.
    """
    if not masks:
        return ()
    starts, ends = _joined(starts, ends)
    lasts = np.cumsum(2 * np.bincount(starts // places(width, height), minlength=masks) + 1) - 1
    runs = _runs(starts, ends, lasts, places(width, height))
    values = _differences(runs, lasts)
    written = np.ones(len(runs), bool)
    written[lasts] = runs[lasts] != 0
    text, cuts = _compressed(values[written], np.cumsum(written)[lasts])
    return tuple(text[first:last] for first, last in pairwise([0, *cuts]))


def _joined(starts: _Numbers, ends: _Numbers) -> tuple[_Numbers, _Numbers]:
    """One run where one ends at the bottom of a column and another begins at the top of the next."""
    apart = starts[1:] != ends[:-1]
    return starts[np.r_[True, apart][: len(starts)]], ends[np.r_[apart, True][: len(ends)]]


def _runs(starts: _Numbers, ends: _Numbers, lasts: _Numbers, length: int) -> _Numbers:
    """The lengths of the runs of zeros and ones by turns, mask after mask; those at `lasts` close a mask."""
    borders, closing = np.empty(len(starts) + len(ends) + len(lasts), np.int64), np.arange(1, len(lasts) + 1) * length
    within = np.ones(len(borders), bool)
    within[lasts] = False
    borders[within], borders[lasts] = np.stack([starts, ends], axis=1).ravel(), closing - 1
    runs = np.diff(borders, prepend=0)
    runs[lasts[:-1] + 1] -= 1  # the place between two masks
    return runs


def _differences(runs: _Numbers, lasts: _Numbers) -> _Numbers:
    """What is written of each run: from a mask's fourth on the difference to the run two before."""
    values = runs.copy()
    values[2:] -= runs[:-2]
    firsts = np.r_[0, lasts[:-1] + 1]
    # Where a mask has fewer than three runs, these are the next mask's first ones.
    whole = (firsts[:, None] + np.arange(3)).ravel()
    whole = whole[whole < len(runs)]
    values[whole] = runs[whole]
    return values


def _compressed(values: _Numbers, cuts: _Numbers) -> tuple[str, list[int]]:
    """All values in characters, and how many characters the first `cuts` values take."""
    length = np.searchsorted(_LIMITS, np.where(values < 0, ~values, values), side="right") + 1
    ends = np.cumsum(length)
    digit = np.arange(ends[-1]) - np.repeat(ends - length, length)
    bits = (np.repeat(values, length) >> (digit * _BITS)) & _ALL_BITS
    bits += _FIRST_CHARACTER + _MORE
    bits[ends - 1] -= _MORE
    return bits.astype(np.uint8).tobytes().decode("ascii"), ends[cuts - 1].tolist()


def _positions(edges: npt.NDArray[np.bool_], x: int, y: int, height: int) -> _Numbers:
    """The edges of the region as column-major positions in the whole mask."""
    column, row = np.nonzero(edges)
    return (column + x) * height + row + y
