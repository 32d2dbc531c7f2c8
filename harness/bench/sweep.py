"""The flow of one benchmark: bundle -> load -> local AWS -> points, one endpoint after the other -> recommendation.

One flow for any handler: what is sent and counted is `load`'s. May not measure (`measurement`), choose
(`results.choosing`) or write (`results.writing`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from deploy import bundle, evidence
from deploy.bundle import Bundle
from deploy.config import Project
from deploy.evidence import Finding
from deploy.evidence.bench import Bench, BenchPoint, SentCase
from deploy.gates import family
from deploy.pricing import prices
from harness.bench import unread
from harness.bench.load import requests
from harness.bench.load.requests import Load
from harness.bench.load.shapes import CLOSED, Shape
from harness.bench.measurement.endpoints import Endpoints
from harness.bench.measurement.measure import Experiment, left_out
from harness.bench.measurement.points import Axes, Axis, Point, points
from harness.bench.measurement.stability import Rule
from harness.bench.measurement.store import Store
from harness.bench.pace import measured_each
from harness.bench.results import choosing
from harness.bench.results.choosing import UNCONSTRAINED, Constraints, Rate
from harness.cases import input_record
from harness.core.progress import Progress
from harness.local_environment.local_run import LocalRun, ProjectOptions
from harness.observations import circumstances, stage_log
from harness.report.assemble import bundle_record, runtime_record


@dataclass(frozen=True, kw_only=True)
class Options(ProjectOptions):
    """The options of `harness bench`."""

    axes: Axes
    flagships_batches: Axis = ()
    """What the flagship is tried with where no axis says a batch size."""
    rule: Rule
    shape: Shape = CLOSED
    constraints: Constraints = UNCONSTRAINED
    video: Path | None = None
    cases: tuple[str, ...] = ()
    """Names of the project's cases, or FILE[:CONTENT_TYPE]. Without them and `video`: all good cases of the project;
    for the flagship the clip of the known answer."""
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
    asked = requests.read(project, options.video, options.cases)
    local = LocalRun.started(options, project.endpoint.region, progress)
    with progress.stage(f"bundle {project.name}") as stage:
        built = bundle.build(project, local.folder / "bundles")
        stage.result = f"{built.size_bytes / 1e6:.1f} MB, sha256 {built.sha256[:12]}"
    is_flagship = family.has_known_answer(built)
    load = requests.load_of(asked, is_flagship=is_flagship)
    axes = options.axes
    if is_flagship and not (axes.batches or axes.settings):
        axes = replace(axes, batches=options.flagships_batches)
    with ExitStack() as stack:
        return _Run(local, options, project, built, load, axes, progress, started).swept(stack)


@dataclass(frozen=True)
class _Run:
    local: LocalRun
    options: Options
    project: Project
    built: Bundle
    load: Load
    axes: Axes
    progress: Progress
    started: float

    @property
    def until(self) -> float | None:
        return None if self.options.most_seconds is None else self.started + self.options.most_seconds

    @property
    def findings(self) -> tuple[Finding, ...]:
        return (*self.load.findings, *unread.findings(self.project, self.axes.names()))

    def swept(self, stack: ExitStack) -> Benched:
        for finding in self.findings:
            self.progress.say(f"{finding.where}: {finding.message}")
        wanted, store = points(self.axes), self._store()
        known = {} if self.options.fresh else store.found(wanted)
        if known:
            self.progress.say(
                f"{len(known)} of {len(wanted)} points are known from before; --fresh measures them again"
            )
        settled = known | self._never_full(wanted)
        if len(settled) < len(wanted):
            aws, options = self.local.start(stack), self.options
            endpoints = Endpoints(aws, self.project, self.built, self.local.folder, options.shape, options.most_seconds)
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
        return Benched(self._document(every, store.find_runtime()), was_interrupted)

    def _store(self) -> Store:
        versions = [f"{name} {version}" for name, version in circumstances.installed_versions().items()]
        options, machine = self.options, circumstances.this_machine()
        load = (options.shape.text, *(each.identity() for each in self.load.sent))
        basis = (self.built.sha256, self.project.digest(), *load, str(options.rule), options.runtime,
                 options.image or "", str(options.limits), machine.cpu_model, machine.gpu or "", *versions)  # fmt: skip
        return Store(self.local.state_dir / "bench", basis)

    def _measured(
        self, endpoints: Endpoints, store: Store, point: Point, name: str, tell: Callable[[int], None]
    ) -> BenchPoint:
        name = f"{self.project.name}-{name}"
        experiment = Experiment(self.load, self.options.rule, self.options.shape)
        with endpoints.deleting(name):
            found = experiment.measure(point, lambda: endpoints.deploy(point, name), tell)
        store.keep(point, found)
        return found

    def _never_full(self, wanted: Sequence[Point]) -> dict[Point, BenchPoint]:
        """The points whose batch has more frames than the clip gives; they are reported, not measured."""
        found, count = {}, self.frames_per_request
        for point in wanted:
            batch = int(point.settings.get("BATCH_SIZE", 0)) if count is not None else 0
            if count is not None and batch > count:
                why = f"the clip is too short: {count} sampled frames never fill a batch of {batch}"
                found[point] = left_out(point, why)
                self.progress.say(f"{point.name} is not run: {why}")
        return found

    @property
    def frames_per_request(self) -> int | None:
        """Of the flagship's clip; None for cases."""
        facts = self.load.clip.facts if self.load.is_flagships_clip else None
        return facts.sampled_count(int(self.project.handler.environment.get("FRAME_INTERVAL", 1))) if facts else None

    @property
    def _frames_per_video_minute(self) -> float | None:
        facts, frames = self.load.clip.facts, self.frames_per_request
        return frames / facts.duration_seconds * 60 if facts and facts.duration_seconds and frames else None

    def _document(self, every: Sequence[BenchPoint], runtime: evidence.RuntimeUsed | None) -> Bench:
        options = self.options
        minute, is_open = self._frames_per_video_minute, options.shape != CLOSED
        return Bench(
            tool_version=circumstances.tool_version(),
            run_id=self.local.run_id,
            created=datetime.now(UTC),
            arguments=options.arguments,
            bundle=bundle_record(self.built),
            configuration=evidence.Configuration(path=self.project.path.name, sha256=self.project.digest()),
            runtime=runtime,
            machine=circumstances.this_machine(),
            versions=circumstances.installed_versions(),
            clip=input_record(self.load.clip),
            cases=tuple(SentCase(name=each.name, input=input_record(each.clip)) for each in self.load.sent),
            load=options.shape.text,
            findings=self.findings,
            rule=str(options.rule),
            constraints=options.constraints.as_numbers(),
            points=tuple(every),
            recommendation=choosing.recommend(every, options.constraints, options.rates, minute, is_open=is_open),
        )


def rate_of(region: str, instance_type: str) -> Rate | None:
    """The rate in the dated table; None when it has none."""
    found = prices.price(region, instance_type)
    return None if found is None else Rate(instance_type, found.usd_per_hour, found.source)
