"""The result of a step, written after every figure, so that a killed process loses nothing that was measured."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Document = dict[str, Any]


class Record:
    """A file with `facts` and `rows`; `columns` are those that the table shows."""

    def __init__(self, path: Path, columns: tuple[str, ...], now: Callable[[], float] = time.monotonic) -> None:
        self._path, self._now, self._started = path, now, now()
        self.document: Document = {"columns": list(columns), "facts": {}, "rows": []}
        self._write()

    def fact(self, **values: Any) -> None:
        self.document["facts"] |= values
        self._write()

    def row(self, name: str, **values: Any) -> None:
        """Another line of the table; `at_seconds` says how long after the step's start it was known."""
        at_seconds = round(self._now() - self._started, 1)
        self.document["rows"].append({"name": name, **values, "at_seconds": at_seconds})
        self._write()

    def _write(self) -> None:
        write(self._path, self.document)


def write(path: Path, document: Document) -> None:
    """The whole file, or the one before."""
    draft = path.with_name(f".{path.name}.draft")
    draft.write_text(json.dumps(document, indent=1, default=str) + "\n", encoding="utf-8")
    draft.replace(path)


def read(path: Path) -> Document:
    """Empty where there is no file."""
    document: Document = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return document
