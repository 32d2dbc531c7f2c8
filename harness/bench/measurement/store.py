"""Measured points on disk, so that a sweep that was interrupted goes on where it stopped.

A point is found again only when all that made it is the same: bundle, configuration, load, settings, runtime, machine,
versions and rule. A point that failed or was not run is measured again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from deploy.core.digests import digest_of
from deploy.core.files import write_bytes
from deploy.evidence import RuntimeUsed
from deploy.evidence.bench import BenchPoint
from harness.bench.measurement.points import Point


@dataclass(frozen=True)
class Store:
    """The measured points below a folder. `basis` is everything that all points of a sweep share."""

    folder: Path
    basis: tuple[str, ...]

    def find(self, point: Point) -> BenchPoint | None:
        try:
            found = BenchPoint.model_validate_json(self._path(point).read_bytes())
        except (OSError, ValidationError):
            return None
        return found if found.outcome in ("stable", "unstable") else None

    def found(self, points: Iterable[Point]) -> dict[Point, BenchPoint]:
        """The points that are stored, with their results."""
        return {point: found for point in points if (found := self.find(point)) is not None}

    def keep(self, point: Point, measured: BenchPoint) -> None:
        write_bytes(self._path(point), measured.model_dump_json(indent=1).encode())

    def keep_runtime(self, runtime: RuntimeUsed) -> None:
        write_bytes(self._file("runtime"), runtime.model_dump_json(indent=1).encode())

    def find_runtime(self) -> RuntimeUsed | None:
        """The runtime that served the stored points."""
        try:
            return RuntimeUsed.model_validate_json(self._file("runtime").read_bytes())
        except (OSError, ValidationError):
            return None

    def _path(self, point: Point) -> Path:
        return self._file(
            point.name, point.concurrency or 0, *(f"{name}={value}" for name, value in point.settings.items())
        )

    def _file(self, *what: str | int) -> Path:
        return self.folder / f"{digest_of([*self.basis, *what])[:32]}.json"
