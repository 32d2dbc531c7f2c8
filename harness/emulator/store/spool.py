"""Bodies of unfinished jobs, one file each: inline inputs before the work, answers before their delivery."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path


class Spool:
    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)

    def input_path(self, uuid: str) -> Path:
        return self.directory / f"{uuid}.input"

    def answer_path(self, uuid: str) -> Path:
        return self.directory / f"{uuid}.answer"

    def keep_input(self, uuid: str, body: bytes) -> None:
        self.input_path(uuid).write_bytes(body)

    def drop(self, uuid: str) -> None:
        self.input_path(uuid).unlink(missing_ok=True)
        self.answer_path(uuid).unlink(missing_ok=True)

    def sweep(self, wanted: Collection[str]) -> None:
        """Remove the files that belong to no unfinished job."""
        for path in self.directory.iterdir():
            if path.stem not in wanted:
                path.unlink(missing_ok=True)
