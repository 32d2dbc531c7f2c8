"""Pastes all masks of a batch at once, and finds their runs, on the device that the probabilities are on.

Owns: the work on the device. Masks are cut into pieces of whole columns, and pieces are done in chunks, so that memory
is bounded whatever the boxes. The host waits once a chunk, for its runs.

Runs are positions on a line on which the masks lie one after the other, each read column by column, with one place
free after each (`detector.core.rle.encode_runs`). A run that goes on in the next column comes in parts.
"""

from __future__ import annotations

from typing import Generic, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
import torch

from detector.core import rle
from detector.model.maskrcnn import bilinear
from detector.model.maskrcnn.placement import Placement

AT_ONCE = 1 << 22  # about 64 bytes each: 256 MiB
_SHARE = 8  # a piece is at most this part of a chunk
_THRESHOLD = 0.5

_Whole = npt.NDArray[np.int64]
_Row = TypeVar("_Row")


class _Pieces(NamedTuple, Generic[_Row]):
    """Parts of masks, `columns` wide and `rows` high. Each row is (k,) float64, which holds all of them exactly."""

    mask: _Row
    across: _Row  # the first column and row, counted in the scaled mask
    down: _Row
    across_scale: _Row  # source pixels a pixel, rounded to float32
    down_scale: _Row
    columns: _Row
    rows: _Row
    origin: _Row  # the first pixel's position on the line
    first_column: _Row  # counted in the chunk
    first_row: _Row
    first_pixel: _Row


class _Chunk(NamedTuple):
    """The pieces that are done at once, and how much there is in them; `small` is the kind of all (`bilinear`)."""

    pieces: slice
    columns: int
    rows: int
    pixels: int
    small: bool


def runs(
    padded: torch.Tensor, placement: Placement, width: int, height: int, at_once: int = AT_ONCE
) -> tuple[_Whole, _Whole]:
    """The first positions of all runs, and the positions after their last, each in ascending order.

    `padded` (n, m, m) are float32 probabilities on any device, `width` and `height` the size of the picture. `at_once`
    bounds a chunk, but no column is cut.
    """
    table, chunks = _planned(placement, padded.shape[1], width, height, at_once)
    source = padded.transpose(1, 2).flatten(0, 1)  # (n * m, m): each row a column of a mask
    numbers = _uploaded(table, padded.device)
    found = [_found(source, _Pieces(*numbers[:, chunk.pieces]), chunk, height) for chunk in chunks]
    starts, ends = np.concatenate([np.zeros((2, 0), np.int64), *found], axis=1)
    return np.sort(starts, kind="stable"), np.sort(ends, kind="stable")


def _planned(
    placement: Placement, side: int, width: int, height: int, at_once: int
) -> tuple[npt.NDArray[np.float64], list[_Chunk]]:
    """The table of `_Pieces`, and the chunks: no chunk costs more than `at_once`, if no column does."""
    small = bilinear.is_small(placement.width, placement.height)
    shown = np.flatnonzero((placement.columns > 0) & (placement.rows > 0))
    shown = shown[np.argsort(small[shown], kind="stable")]
    mask, skipped, columns = _cut(shown, placement, side, at_once // _SHARE)
    x, y, rows = placement.x[mask] + skipped, placement.y[mask], placement.rows[mask]
    turns = (np.cumsum((columns + 1) * (rows + side)) - 1) // max(at_once - at_once // _SHARE, 1)
    firsts = np.flatnonzero((np.diff(turns, prepend=-1) != 0) | np.diff(small[mask], prepend=~small[mask[:1]]))
    pieces = _Pieces[_Whole | npt.NDArray[np.float32]](
        mask=mask,
        across=x - placement.left[mask],
        down=y - placement.top[mask],
        across_scale=np.float32(side) / placement.width[mask].astype(np.float32),
        down_scale=np.float32(side) / placement.height[mask].astype(np.float32),
        columns=columns,
        rows=rows,
        origin=mask * rle.places(width, height) + x * height + y,
        first_column=_before(columns, firsts),
        first_row=_before(rows, firsts),
        first_pixel=_before(columns * rows, firsts),
    )
    return np.stack(pieces).astype(np.float64), _chunks(columns, rows, small[mask], firsts)


def _cut(shown: _Whole, placement: Placement, side: int, most: int) -> tuple[_Whole, _Whole, _Whole]:
    """The mask, the columns left of it and the columns of pieces that cost `most`, or one column, each."""
    columns = placement.columns[shown]
    at_once = np.maximum(most // (placement.rows[shown] + side) - 1, 1)
    count = -(-columns // at_once)
    which = np.repeat(np.arange(len(shown)), count)
    skipped = (np.arange(len(which)) - (np.cumsum(count) - count)[which]) * at_once[which]
    return shown[which], skipped, np.minimum(columns[which] - skipped, at_once[which])


def _before(amounts: _Whole, firsts: _Whole) -> _Whole:
    """The sum of the amounts before each one, from the last of `firsts` on."""
    before = np.cumsum(amounts) - amounts
    since: _Whole = before - np.repeat(before[firsts], np.diff(firsts, append=len(amounts)))
    return since


def _chunks(columns: _Whole, rows: _Whole, small: npt.NDArray[np.bool_], firsts: _Whole) -> list[_Chunk]:
    if not len(firsts):
        return []
    amounts = np.add.reduceat(np.stack([columns, rows, columns * rows]), firsts, axis=1).T.tolist()
    lasts = [*firsts[1:].tolist(), len(columns)]
    return [
        _Chunk(slice(first, last), in_columns, in_rows, in_pixels, bool(small[first]))
        for first, last, (in_columns, in_rows, in_pixels) in zip(firsts.tolist(), lasts, amounts, strict=True)
    ]


def _uploaded(table: npt.NDArray[np.float64], device: torch.device) -> torch.Tensor:
    numbers = torch.from_numpy(table)
    if device.type != "cuda":
        return numbers.to(device)
    return numbers.pin_memory().to(device, non_blocking=True)  # from pageable memory torch would wait for the device


def _found(source: torch.Tensor, pieces: _Pieces[torch.Tensor], chunk: _Chunk, height: int) -> _Whole:
    """(2, k): of the chunk's runs the first positions, and the positions after the last."""
    of_column, of_row = (
        _of_each(pieces, each, total) for each, total in ((pieces.columns, chunk.columns), (pieces.rows, chunk.rows))
    )
    nth_column = _nth(of_column.first_column)
    first_pixel = of_column.first_pixel + nth_column * of_column.rows
    column = torch.repeat_interleave(of_column.rows.to(torch.int32), output_size=chunk.pixels)
    row = _counted(column) + (of_column.first_row - first_pixel).to(torch.int32).index_select(0, column)
    inside = _values(source, of_column, of_row, column, row, chunk.small) > _THRESHOLD
    starts, ends = _edges(inside, first_pixel.to(torch.int64), of_column.rows.to(torch.int64))
    shift = (of_column.origin + nth_column * height - first_pixel).to(torch.int64)
    first, last = (each + shift.index_select(0, column.index_select(0, each)) for each in (starts, ends))
    return torch.stack([first, last + 1]).cpu().numpy()


def _values(
    source: torch.Tensor,
    of_column: _Pieces[torch.Tensor],
    of_row: _Pieces[torch.Tensor],
    column: torch.Tensor,
    row: torch.Tensor,
    small: bool,
) -> torch.Tensor:
    """The probability of each pixel, of which `column` and `row` are the column and row of the chunk."""
    side = source.shape[1]
    across = bilinear.taps(of_column.across + _nth(of_column.first_column), of_column.across_scale, side, small)
    down = bilinear.taps(of_row.down + _nth(of_row.first_row), of_row.down_scale, side, small)
    first = (of_column.mask * side).to(torch.int32)
    left, right = (source.index_select(0, first + tap) for tap in (across.low, across.high))
    values = bilinear.small_values if small else bilinear.large_values
    return values(left, right, across, down.at(row), column)


def _of_each(pieces: _Pieces[torch.Tensor], count: torch.Tensor, total: int) -> _Pieces[torch.Tensor]:
    """The piece of each column, or of each row."""
    which = torch.repeat_interleave(count.to(torch.int32), output_size=total)
    return _Pieces(*torch.stack(pieces).index_select(1, which))


def _nth(first: torch.Tensor) -> torch.Tensor:
    """The number of each column or row within its piece."""
    return _counted(first) - first


def _counted(each: torch.Tensor) -> torch.Tensor:
    return torch.arange(len(each), dtype=each.dtype, device=each.device)


def _edges(inside: torch.Tensor, tops: torch.Tensor, rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The indices of the first and of the last pixels of runs; columns begin at `tops` and no run leaves its column."""
    above, below = inside.roll(1).index_fill_(0, tops, False), inside.roll(-1).index_fill_(0, tops + rows - 1, False)
    edges = torch.cat([inside > above, inside > below]).nonzero().flatten()
    starts, ends = edges.tensor_split(2)
    return starts, ends - len(inside)
