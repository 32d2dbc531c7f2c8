"""Finds the evidence on this machine: the files of --evidence, the last reports, and copies that promotions kept.

May not: judge it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from deploy.bundle import Bundle
from deploy.cli.session.target import Options
from deploy.config import Project
from deploy.core.errors import ConfigurationError
from deploy.evidence import attestation
from deploy.gates import gate
from deploy.gates.gate import Evidence
from deploy.releases import Release
from deploy.resources.scaling import Throughput

_REHEARSED = Path("rehearsal-report/report.json")
_BENCHED = Path("rehearsal-bench/report.json")


@dataclass(frozen=True)
class LocalEvidence:
    """The evidence for one project. `read_bundle` is called only where the bundle is compared."""

    project: Project
    options: Options
    read_bundle: Callable[[], Bundle]

    def everything(self) -> tuple[Evidence, ...]:
        """The files of --evidence; without any, the last rehearsal and a benchmark of the same bundle and settings."""
        if self.options.evidence:
            return gate.read_evidence(self._named)
        rehearsed = gate.read_evidence([_REHEARSED]) if _REHEARSED.exists() else ()
        return (*rehearsed, *self._benchmarks())

    def of(self, release: Release, kept: Path) -> tuple[Evidence, ...]:
        """The evidence about that bundle with those settings, if there is any; `kept` is the folder of copies."""
        at_hand = [_REHEARSED, *(_copy(kept, each.sha256) for each in release.evidence)]
        found = [*gate.read_evidence(self._named), *_whatever_is_in(at_hand)]
        is_of = (release.bundle_sha256, release.configuration_sha256)
        return tuple(each for each in found if (each.report.bundle.sha256, each.report.configuration.sha256) == is_of)

    def throughput(self) -> Throughput | None:
        """The lowest throughput that a benchmark among the evidence measured."""
        named = self._named
        found = gate.read_evidence([path for path in named if path.exists()]) if named else self._benchmarks()
        jobs, frames = (
            [metric.value for metric in gate.measured(found, name) if metric.value]
            for name in ("jobs_per_second", "frames_per_second")
        )
        return Throughput(min(jobs), min(frames, default=None)) if jobs else None

    @property
    def _named(self) -> Sequence[Path]:
        return [Path(path) for path in self.options.evidence]

    def _benchmarks(self) -> tuple[Evidence, ...]:
        """Benchmarks of this bundle and settings only: an older one proves nothing, and must not shut a gate."""
        if not _BENCHED.exists():
            return ()
        found = gate.read_evidence([_BENCHED])
        settings_now = self.project.digest()
        return tuple(
            each for each in found if each.report.configuration.sha256 == settings_now and self._is_of_this_bundle(each)
        )

    def _is_of_this_bundle(self, found: Evidence) -> bool:
        """True without a bundle on this machine: commands about what runs already do not need one."""
        is_here = Path(self.options.bundle).exists()
        return not is_here or found.report.bundle.sha256 == self.read_bundle().sha256


def keep(evidence: Iterable[Evidence], kept: Path) -> None:
    """Copy the evidence, so that the release can be judged after the next rehearsal has replaced the report."""
    for each in evidence:
        attestation.copy(each.attestation, _copy(kept, each.sha256))


def _copy(kept: Path, sha256: str) -> Path:
    return kept / f"{sha256}.json"


def _whatever_is_in(paths: Sequence[Path]) -> Iterator[Evidence]:
    """Read the readable ones: these are not named by the user, so a missing or damaged file is skipped."""
    for path in paths:
        with suppress(ConfigurationError):
            yield from gate.read_evidence([path])
