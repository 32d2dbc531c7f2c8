"""The flow of one benchmark: bundle -> local AWS -> points, one endpoint after the other -> recommendation.

May not measure (`measurement`), choose (`results.choosing`) or write (`results.writing`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from deploy import bundle, evidence
from deploy.bundle import Bundle
from deploy.config import Project
from deploy.evidence.bench import Bench, BenchPoint
from deploy.pricing import prices
from harness import cases
from harness.bench.measurement.endpoints import Endpoints
from harness.bench.measurement.measure import left_out, measure
from harness.bench.measurement.points import Axes, Point, points
from harness.bench.measurement.stability import Rule
from harness.bench.measurement.store import Store
from harness.bench.pace import measured_each
from harness.bench.results import choosing
from harness.bench.results.choosing import UNCONSTRAINED, Constraints, Rate
from harness.cases import Clip, input_record, open_clip
from harness.core.errors import ConfigurationError
from harness.core.progress import Progress
from harness.local_environment.local_run import LocalRun, ProjectOptions
from harness.observations import circumstances, stage_log
from harness.report.assemble import bundle_record, runtime_record


@dataclass(frozen=True, kw_only=True)
class Options(ProjectOptions):
    """The options of `harness bench`."""

    axes: Axes
    rule: Rule
    constraints: Constraints = UNCONSTRAINED
    video: Path | None = None
    """By default the clip of the known answer."""
    rates: tuple[Rate, ...] = ()
    fresh: bool = False
    """Measure again what was measured before."""
    most_seconds: float | None = None
    """Points that would end later are left for the next sweep."""


@dataclass(frozen=True)
class Benched:
    bench: Bench
    was_interrupted: bool


def bench(options: Options, progress: Progress) -> Benched:
    """Run the sweep. Ctrl-C keeps what was measured. Raises RehearsalError when nothing can be run."""
    started = time.monotonic()
    project = options.project()
    clip = open_clip(options.video or cases.open_known_answer(project.validate.known_answer).clip_path)
    if clip.facts is None:
        raise ConfigurationError(f"{clip.path}: no frame of it can be decoded; give --video a clip that plays")
    local = LocalRun.started(options, project.endpoint.region, progress)
    run = _Run(local, options, project, clip, progress, started)
    with ExitStack() as stack:
        return run.swept(stack)


@dataclass(frozen=True)
class _Run:
    local: LocalRun
    options: Options
    project: Project
    clip: Clip
    progress: Progress
    started: float

    @property
    def until(self) -> float | None:
        return None if self.options.most_seconds is None else self.started + self.options.most_seconds

    @property
    def folder(self) -> Path:
        return self.local.folder

    def swept(self, stack: ExitStack) -> Benched:
        with self.progress.stage(f"bundle {self.project.name}") as stage:
            built = bundle.build(self.project, self.folder / "bundles")
            stage.result = f"{built.size_bytes / 1e6:.1f} MB, sha256 {built.sha256[:12]}"
        wanted, store = points(self.options.axes), self._store(built)
        known = {} if self.options.fresh else store.found(wanted)
        if known:
            self.progress.say(
                f"{len(known)} of {len(wanted)} points are known from before; --fresh measures them again"
            )
        settled = known | self._never_full(wanted)
        if len(settled) < len(wanted):
            endpoints = Endpoints(self.local.start(stack), self.project, built, self.folder)
            every, was_interrupted = measured_each(
                wanted,
                settled,
                partial(self._measured, endpoints, store),
                self.progress,
                self.options.rule.most,
                self.until,
            )
            if endpoints.served:
                store.keep_runtime(runtime_record(endpoints.served, stage_log.read(endpoints.aws.logs_dir)))
        else:
            every, was_interrupted = [settled[point] for point in wanted], False
        return Benched(self._document(built, every, store.find_runtime()), was_interrupted)

    def _store(self, built: Bundle) -> Store:
        versions = [f"{name} {version}" for name, version in circumstances.installed_versions().items()]
        options, machine = self.options, circumstances.this_machine()
        basis = (built.sha256, self.project.digest(), self.clip.sha256, str(options.rule), options.runtime,
                 options.image or "", str(options.limits), machine.cpu_model, machine.gpu or "", *versions)  # fmt: skip
        return Store(self.local.state_dir / "bench", basis)

    def _measured(
        self, endpoints: Endpoints, store: Store, point: Point, name: str, tell: Callable[[int], None]
    ) -> BenchPoint:
        name = f"{self.project.name}-{name}"
        with endpoints.deleting(name):
            found = measure(point, self.clip, self.options.rule, lambda: endpoints.deploy(point, name), tell)
        store.keep(point, found)
        return found

    def _never_full(self, wanted: Sequence[Point]) -> dict[Point, BenchPoint]:
        """The points whose batch has more frames than the clip gives; they are reported, not measured."""
        found, count = {}, self.frames_per_request
        for point in wanted:
            if count is not None and (point.batch_size or 0) > count:
                why = f"the clip is too short: {count} sampled frames never fill a batch of {point.batch_size}"
                found[point] = left_out(point, why)
                self.progress.say(f"{point.name} is not run: {why}")
        return found

    @property
    def frames_per_request(self) -> int | None:
        facts = self.clip.facts
        return facts.sampled_count(self._interval) if facts else None

    @property
    def _interval(self) -> int:
        return int(self.project.handler.environment.get("FRAME_INTERVAL", 1))

    def _document(self, built: Bundle, every: Sequence[BenchPoint], runtime: evidence.RuntimeUsed | None) -> Bench:
        options = self.options
        facts = self.clip.facts
        minute = None
        if facts and facts.duration_seconds and self.frames_per_request:
            minute = self.frames_per_request / facts.duration_seconds * 60
        return Bench(
            tool_version=circumstances.tool_version(),
            run_id=self.local.run_id,
            created=datetime.now(UTC),
            arguments=options.arguments,
            bundle=bundle_record(built),
            configuration=evidence.Configuration(path=self.project.path.name, sha256=self.project.digest()),
            runtime=runtime,
            machine=circumstances.this_machine(),
            versions=circumstances.installed_versions(),
            clip=input_record(self.clip),
            rule=str(options.rule),
            constraints=options.constraints.as_numbers(),
            points=tuple(every),
            recommendation=choosing.recommend(every, options.constraints, options.rates, minute),
        )


def rate_of(region: str, instance_type: str) -> Rate | None:
    """The rate in the dated table; None when it has none."""
    found = prices.price(region, instance_type)
    return None if found is None else Rate(instance_type, found.usd_per_hour, found.source)
