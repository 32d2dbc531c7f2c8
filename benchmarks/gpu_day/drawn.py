"""The figures as lines of at most 80 columns: a table a step, the name left and the step's columns right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks.gpu_day.measuring.record import Document

COLUMNS = 80
_LEAST_WIDTH, _MOST_NAME = 8, 44


def table(document: Document) -> list[str]:
    """A heading with status and seconds, a line a row, and the error's last line where there is one."""
    wanted, rows = document["columns"], document["rows"]
    # The heading's names may be longer than their figures; a column that no row fills is left out.
    columns = [name for name in wanted if any(row.get(name) is not None for row in rows)]
    widths = [max(_LEAST_WIDTH, len(name), *(len(_text(row.get(name))) for row in rows)) + 1 for name in columns]
    left = min(_MOST_NAME, COLUMNS - sum(widths))
    heading = f"{document['step']} ({document['status']}, {document['seconds']} s)"
    lines = [_line(heading, columns, widths, left)]
    lines += [_line(f"  {row['name']}", [_text(row.get(name)) for name in columns], widths, left) for row in rows]
    return [*lines, *(f"  {error}"[:COLUMNS] for error in document.get("error", [])[-2:])]


def _line(name: str, cells: Sequence[str], widths: Sequence[int], left: int) -> str:
    text = name[:left].ljust(left) + "".join(cell.rjust(width) for cell, width in zip(cells, widths, strict=True))
    return text.rstrip()[:COLUMNS]


def _text(value: Any) -> str:
    return "-" if value is None else str(value)
