"""The flow of one benchmark: bundle -> local AWS -> points, one endpoint after the other -> recommendation.

May not: measure (`measuring`), choose (`choosing`) or write (`writing`).
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from deploy import bundle, config, evidence, prices
from deploy.bundle import Bundle
from deploy.config import Project
from deploy.evidence.bench import Bench, BenchPoint
from harness import cases, circumstances
from harness.benching import choosing, measuring
from harness.benching.choosing import UNCONSTRAINED, Constraints, Rate
from harness.benching.endpoints import Endpoints
from harness.benching.points import Axes, Point, points
from harness.benching.stability import Rule
from harness.benching.store import Store
from harness.clips import Clip, open_clip
from harness.cloud.local_cloud import EMBEDDED, CloudAsked
from harness.errors import ConfigurationError
from harness.judging import input_record
from harness.leftovers import sweep_leftovers
from harness.local_aws import EmulatorOptions, LocalAws, open_local_aws
from harness.progress import Progress
from harness.report.assemble import bundle_record, runtime_record
from harness.serving.choose import AskedKind, choose
from harness.serving.docker_limits import UNLIMITED, MachineLimits

INTERRUPTED = "interrupted before it was measured"


@dataclass(frozen=True)
class Options:
    """What the command line says."""

    config_path: Path
    axes: Axes
    rule: Rule
    constraints: Constraints = UNCONSTRAINED
    environment: str | None = None
    video: Path | None = None
    """Default: the clip of the known answer."""
    rates: tuple[Rate, ...] = ()
    state_dir: Path = Path(".rehearsal")
    runtime: AskedKind = "auto"
    image: str | None = None
    limits: MachineLimits = UNLIMITED
    cloud: CloudAsked = EMBEDDED
    fresh: bool = False
    """Measure again what was measured before."""
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True)
class Benched:
    bench: Bench
    was_interrupted: bool


def bench(options: Options, progress: Progress) -> Benched:
    """Ctrl-C keeps what was measured. What cannot be run at all raises HarnessError or DeployError."""
    project = config.load(options.config_path, options.environment)
    clip = open_clip(options.video or cases.open_known_answer(project.validate.known_answer).clip_path)
    if clip.facts is None:
        raise ConfigurationError(f"{clip.path}: no frame of it can be decoded; give --video a clip that plays")
    run_id = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:6]}"
    run = _Run(run_id, options, project, clip, progress)
    for swept in sweep_leftovers(run.state_dir):
        progress.say(f"cleaned up after a run that was killed: {swept.what}")
    run.folder.mkdir(parents=True)
    with ExitStack() as stack:
        return run.swept(stack)


@dataclass(frozen=True)
class _Run:
    run_id: str
    options: Options
    project: Project
    clip: Clip
    progress: Progress

    @property
    def state_dir(self) -> Path:
        return self.options.state_dir.absolute()

    @property
    def folder(self) -> Path:
        return self.state_dir / "runs" / self.run_id

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
        if len(known) < len(wanted):
            endpoints = Endpoints(self._start(stack), self.project, built, self.folder)
            every, was_interrupted = measured_each(
                wanted, known, lambda point, name: self._measured(endpoints, store, point, name), self.progress
            )
            if endpoints.served:
                store.keep_runtime(runtime_record(endpoints.served))
        else:
            every, was_interrupted = [known[point] for point in wanted], False
        return Benched(self._document(built, every, store.find_runtime()), was_interrupted)

    def _store(self, built: Bundle) -> Store:
        versions = [f"{name} {version}" for name, version in circumstances.installed_versions().items()]
        options, machine = self.options, circumstances.this_machine()
        basis = (built.sha256, self.project.digest(), self.clip.sha256, str(options.rule), options.runtime,
                 options.image or "", machine.cpu_model, machine.gpu or "", *versions)  # fmt: skip
        return Store(self.state_dir / "bench", basis)

    def _start(self, stack: ExitStack) -> LocalAws:
        with self.progress.stage("start the local cloud and the emulator") as stage:
            options = self.options
            choice = choose(options.runtime, options.image, region=self.project.endpoint.region)
            opened = open_local_aws(
                self.folder,
                state_dir=self.state_dir,
                region=self.project.endpoint.region,
                cloud=options.cloud,
                options=EmulatorOptions(choice, options.limits),
                say=self.progress.say,
            )
            stage.result = f"{choice.kind} runtime: {choice.why}"
            return stack.enter_context(opened)

    def _measured(self, endpoints: Endpoints, store: Store, point: Point, name: str) -> BenchPoint:
        too_short = self._too_short(point)
        if too_short:
            return measuring.left_out(point, too_short)
        name = f"{self.project.name}-{name}"
        with endpoints.room_for(name):
            found = measuring.measure(point, self.clip, self.options.rule, lambda: endpoints.stand(point, name))
        store.keep(point, found)
        return found

    def _too_short(self, point: Point) -> str | None:
        count = self.frames_per_request
        if point.batch_size is None or count is None or point.batch_size <= count:
            return None
        return f"the clip is too short: it has {count} sampled frames, so a batch of {point.batch_size} is never full"

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
            run_id=self.run_id,
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


def measured_each(
    wanted: Sequence[Point],
    known: Mapping[Point, BenchPoint],
    measure: Callable[[Point, str], BenchPoint],
    progress: Progress,
) -> tuple[list[BenchPoint], bool]:
    """A result for every point, in order, and whether Ctrl-C came: what was measured until then is kept."""
    left = [point for point in wanted if point not in known]
    found = dict(known)
    begun = time.monotonic()
    try:
        for number, point in enumerate(left):
            with progress.stage(f"[{number + 1}/{len(left)}] {point.name}{_eta(begun, number, len(left))}") as stage:
                found[point] = measure(point, f"bench-{number}")
                stage.ok, stage.result = found[point].outcome != "failed", in_words(found[point])
    except KeyboardInterrupt:
        return [found.get(point) or measuring.left_out(point, INTERRUPTED) for point in wanted], True
    return [found[point] for point in wanted], False


def _eta(begun: float, done: int, total: int) -> str:
    if done == 0:
        return ""
    left = (time.monotonic() - begun) / done * (total - done)
    return f" (about {left:.0f} s left)"


def in_words(point: BenchPoint) -> str:
    if point.frames_per_second is None:
        return f"{point.outcome.replace('_', ' ')}: {point.note}"
    memory = choosing.memory_bytes(point)
    parts = [
        f"{point.frames_per_second.median:.2f} frames/s",
        f"p95 {point.request_p95_seconds:.2f} s",
        f"{memory / 1e9:.2f} GB" if memory else "",
        point.outcome if point.outcome != "stable" else "",
    ]
    return ", ".join(part for part in parts if part)


def rate_of(region: str, instance_type: str) -> Rate | None:
    """From the dated table; None for what it does not know."""
    found = prices.price(region, instance_type)
    return None if found is None else Rate(instance_type, found.usd_per_hour, found.source)
