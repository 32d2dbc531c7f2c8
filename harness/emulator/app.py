"""Puts the parts together: one `Parts` per emulator, without threads and without a port."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from harness.emulator.async_inference.delivery import Delivery
from harness.emulator.async_inference.engine import Engine
from harness.emulator.async_inference.jobs import Jobs
from harness.emulator.async_inference.timings import Timings
from harness.emulator.context.cloud import Objects, Topics
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
from harness.emulator.monitoring.utilisation import Utilisation
from harness.emulator.protocol.operations import OperationTable
from harness.emulator.runtime.invoke import RealTime
from harness.emulator.runtime.invoke_async import Submissions
from harness.emulator.scaling.alarming import Evaluator
from harness.emulator.scaling.api import ScalingApi
from harness.emulator.scaling.cloud_alarms import ScalingAlarms
from harness.emulator.scaling.records import Records
from harness.emulator.scaling.scaler import Scaler, ScalerTools
from harness.emulator.store.catalog import Catalog, Endpoint
from harness.emulator.store.spool import Spool
from harness.emulator.store.store import Store
from harness.serving.instances.gpu import GpuUsage
from harness.serving.instances.runtime import Runtime


@dataclass(frozen=True)
class Dependencies:
    """What an emulator is given: the cloud around it, a runtime and the time."""

    objects: Objects
    topics: Topics
    alarms: Alarms
    scaling_alarms: ScalingAlarms
    metrics: MetricSink
    runtime: Runtime
    now: Now
    gpu: Callable[[], GpuUsage | None] = lambda: None
    end_strays: Callable[[], Sequence[str]] = tuple
    """Ends what an emulator that died left outside its process ledger; a line each."""


@dataclass(frozen=True)
class Parts:
    store: Store
    catalog: Catalog
    jobs: Jobs
    spool: Spool
    registry: InstanceRegistry
    engine: Engine
    meter: Meter
    publisher: Publisher
    scaler: Scaler
    platform_log: PlatformLog
    log_times: LogTimes
    housekeeping: Housekeeping
    timings: Timings
    submissions: Submissions
    operations: OperationTable


def assemble(
    settings: EmulatorSettings, dependencies: Dependencies, wake: Callable[[int], None] = lambda _: None
) -> Parts:
    """`wake` is told the endpoint's id when a job was accepted."""
    for folder in (settings.state_dir, settings.work_root, settings.logs_dir):
        folder.mkdir(parents=True, exist_ok=True)
    now, account = dependencies.now, settings.account
    store = Store(settings.state_dir / "emulator.sqlite")
    catalog, jobs, spool = Catalog(store), Jobs(store), Spool(settings.spool_dir)
    platform_log, meter, timings = PlatformLog(settings.logs_dir, now), Meter(), Timings()

    records = Records(store)
    scaling = ScalingApi(records, catalog, dependencies.scaling_alarms, account, now)

    def forget(endpoint: Endpoint) -> None:
        for uuid in jobs.uuids_of(endpoint.id):
            spool.drop(uuid)
        scaling.forget_endpoint(endpoint.name)
        meter.forget(endpoint.name)

    fleets = FleetTools(dependencies.runtime, settings, platform_log, now)
    registry = InstanceRegistry(ActorTools(catalog, dependencies.topics, dependencies.alarms, fleets, forget))
    delivery = Delivery(catalog, jobs, spool, dependencies.objects, dependencies.topics, meter, timings, settings, now)
    engine = Engine(
        catalog, jobs, spool, registry, dependencies.objects, delivery, meter, platform_log, timings, settings, now
    )
    tags = Tags(catalog)
    models = Models(catalog, dependencies.objects, tags, account, now)
    configs = Configs(catalog, models, tags, account, now)
    endpoints = Endpoints(catalog, configs, tags, account, registry, now, settings.instance_quota, records.is_scaled)
    log_times = LogTimes(settings.logs_dir, settings.log_times_dir, now)
    logs = LogsApi(log_times, account, settings.logs_kept_seconds)
    evaluator = Evaluator(meter, settings)
    scaler = Scaler(
        ScalerTools(records, catalog, endpoints, evaluator, dependencies.scaling_alarms, settings, account, now)
    )
    utilisation = Utilisation(registry.instances, settings.work_root, now, dependencies.gpu)
    publisher = Publisher(
        meter, dependencies.metrics, catalog, jobs, registry.instance_counts, utilisation, settings, now
    )
    real_time = RealTime(catalog, registry, meter, platform_log, account, now)
    submissions = Submissions(catalog, jobs, spool, account, now, wake)
    operations = OperationTable((models, configs, endpoints, tags, submissions, real_time, scaling, logs))
    return Parts(
        store,
        catalog,
        jobs,
        spool,
        registry,
        engine,
        meter,
        publisher,
        scaler,
        platform_log,
        log_times,
        Housekeeping(jobs, log_times, registry.instances, settings, now),
        timings,
        submissions,
        operations,
    )
