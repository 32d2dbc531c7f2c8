"""A benchmark in the words of evidence: the point with the project's own settings, which a promotion would deploy."""

from __future__ import annotations

from deploy.core.errors import ConfigurationError
from deploy.evidence.bench import Bench, parse_bench, throughput
from deploy.evidence.cases import Case
from deploy.evidence.circumstances import PeakMemory
from deploy.evidence.files import parse, schema_in
from deploy.evidence.report import Report, judge

# The name of the recommended point, as a case of the report.
AS_CONFIGURED = "as configured"


def read_any(data: bytes, *, where: str) -> Report:
    """A report, whether the file holds one (`report.json`) or a benchmark (`bench.json`).

    Raises ConfigurationError when it is neither, or a benchmark that left the project's own settings out.
    """
    if schema_in(data) != Bench.model_fields["schema_id"].default:
        return parse(data, where=where)
    found = as_report(parse_bench(data, where=where))
    if found is None:
        raise ConfigurationError(
            f"{where}: the project's own settings were not measured, and only they are deployed: run `harness bench` "
            "again, or put what it recommends into [handler.environment] first"
        )
    return found


def as_report(bench: Bench) -> Report | None:
    """None when there is nothing about the project's own settings."""
    point = bench.point(AS_CONFIGURED)
    if point is None or point.speed is None or bench.runtime is None:
        return None
    case = Case(name=f"benchmark: {bench.clip.file}", kind="benchmark", outcome="completed", input=bench.clip)
    check = throughput(point, is_open=bench.is_open)
    peak = PeakMemory(
        host_bytes=point.peak_host_bytes, gpu_bytes=point.peak_gpu_bytes, method="worker process; tensors on the GPU"
    )
    return Report(
        tool_version=bench.tool_version,
        run_id=bench.run_id,
        created=bench.created,
        arguments=bench.arguments,
        bundle=bench.bundle,
        configuration=bench.configuration,
        runtime=bench.runtime,
        machine=bench.machine,
        versions=bench.versions,
        cases=(case,),
        checks=(check,),
        peak_memory=peak,
        verdict=judge((case,), (check,)),
    )
