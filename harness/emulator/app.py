"""The wiring: it builds the parts and the table of operations from the settings and the dependencies.

Nothing here has a thread or a port; `server` gives the parts both.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from harness.emulator.async_inference.delivery import Delivery
from harness.emulator.async_inference.engine import Engine
from harness.emulator.async_inference.job_records import JobRecords
from harness.emulator.async_inference.jobs import Jobs
from harness.emulator.async_inference.timings import PhaseTimings
from harness.emulator.async_inference.worker import Worker
from harness.emulator.context.cloud import Objects, Topics
from harness.emulator.context.emulator_context import EmulatorContext, never_rests, open_context
from harness.emulator.context.settings import EmulatorSettings
from harness.emulator.context.timestamps import Now
from harness.emulator.control_plane.endpoint_configs import Configs
from harness.emulator.control_plane.endpoints import Endpoints
from harness.emulator.control_plane.models import Models
from harness.emulator.control_plane.tags import Tags
from harness.emulator.endpoints.life_cycle import ActorTools
from harness.emulator.endpoints.registry import InstanceRegistry
from harness.emulator.endpoints.rollout import Alarms
from harness.emulator.housekeeping import Housekeeping
from harness.emulator.instances.fleet import FleetTools
from harness.emulator.instances.platform_log import PlatformLog
from harness.emulator.logs.api import LogsApi
from harness.emulator.logs.times import LogTimes
from harness.emulator.metrics.meter import Meter
from harness.emulator.monitoring.publishing import MetricSink, Publisher
from harness.emulator.monitoring.sampling import Backlogs
from harness.emulator.monitoring.utilisation import Utilisation
from harness.emulator.protocol.operations import OperationTable
from harness.emulator.runtime.invoke import RealTime
from harness.emulator.runtime.invoke_async import Submissions
from harness.emulator.scaling.alarming import Evaluator
from harness.emulator.scaling.api import ScalingApi
from harness.emulator.scaling.cloud_alarms import ScalingAlarms
from harness.emulator.scaling.records import Records
from harness.emulator.scaling.scaler import Scaler
from harness.emulator.store.catalog import Endpoint
from harness.emulator.store.disk import Disk
from harness.emulator.store.spool import Spool
from harness.serving.instances.gpu import GpuUsage
from harness.serving.instances.runtime import Runtime


@dataclass(frozen=True)
class Cloud:
    """The parts of the local cloud that the emulator uses: S3, SNS, and CloudWatch in three roles."""

    objects: Objects
    topics: Topics
    alarms: Alarms
    scaling_alarms: ScalingAlarms
    metrics: MetricSink


@dataclass(frozen=True)
class Dependencies:
    """Everything that an emulator needs besides its settings."""

    cloud: Cloud
    runtime: Runtime
    now: Now
    gpu: Callable[[], GpuUsage | None] = lambda: None
    end_strays: Callable[[], Sequence[str]] = tuple
    """Ends what a killed emulator left outside its process ledger; returns a line for each."""
    disk: Disk = field(default_factory=Disk)
    """Through which it writes while it works."""


@dataclass(frozen=True)
class Parts:
    context: EmulatorContext
    operations: OperationTable
    records: JobRecords
    submissions: Submissions
    engine: Engine
    registry: InstanceRegistry
    platform_log: PlatformLog
    meter: Meter
    publisher: Publisher
    scaler: Scaler
    log_times: LogTimes
    housekeeping: Housekeeping


def assemble(
    settings: EmulatorSettings,
    dependencies: Dependencies,
    wake: Callable[[int], None] = lambda _: None,
    rest: Callable[[float], bool] = never_rests,
) -> Parts:
    """`wake` is called with the endpoint's id after a job is accepted; `rest` is that of `Patience`."""
    context, cloud = open_context(settings, dependencies.now, dependencies.disk, rest), dependencies.cloud
    spool = Spool(settings.spool_dir, context.disk, context.patience)
    records = JobRecords(Jobs(context.store), spool, PhaseTimings())
    platform_log, meter = PlatformLog(settings.logs_dir, context.now, context.disk), Meter()
    log_times = LogTimes(settings.logs_dir, settings.log_times_dir, context.now, context.disk)

    scaling_records = Records(context.store)
    scaling = ScalingApi(context, scaling_records, cloud.scaling_alarms)

    def forget(endpoint: Endpoint) -> None:
        for uuid in records.jobs.uuids_of(endpoint.id):
            records.spool.drop(uuid)
        scaling.forget_endpoint(endpoint.name)
        meter.forget(endpoint.name)

    fleets = FleetTools(context, dependencies.runtime, platform_log)
    registry = InstanceRegistry(ActorTools(context, cloud.topics, cloud.alarms, fleets, forget))

    worker = Worker(context, records, cloud.objects, meter, platform_log)
    delivery = Delivery(context, records, cloud.objects, cloud.topics, meter)
    engine = Engine(context, records, registry, worker, delivery)

    tags = Tags(context)
    models = Models(context, cloud.objects, tags)
    configs = Configs(context, models, tags)
    endpoints = Endpoints(context, configs, tags, registry, scaling_records.is_scaled)
    submissions = Submissions(context, records.jobs, records.spool, wake)
    real_time = RealTime(context, registry, meter, platform_log)
    logs = LogsApi(context, log_times)

    backlogs = Backlogs(context, records.jobs, registry.instance_counts)
    utilisation = Utilisation(registry.instances, settings.work_root, context.now, dependencies.gpu)
    evaluator = Evaluator(meter, settings)
    return Parts(
        context=context,
        operations=OperationTable((models, configs, endpoints, tags, submissions, real_time, scaling, logs)),
        records=records,
        submissions=submissions,
        engine=engine,
        registry=registry,
        platform_log=platform_log,
        meter=meter,
        publisher=Publisher(meter, cloud.metrics, backlogs, utilisation),
        scaler=Scaler(context, scaling_records, endpoints, evaluator, cloud.scaling_alarms),
        log_times=log_times,
        housekeeping=Housekeeping(context, records.jobs, log_times, registry.instances),
    )
