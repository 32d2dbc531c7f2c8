"""`harness bench` and `harness bench compare`."""

from __future__ import annotations

import math
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from deploy import config
from deploy.config import FILE_NAME
from deploy.evidence.bench import read_bench
from harness.bench import compare as comparing
from harness.bench import pace, sweep, writing
from harness.bench.bounds import bounded_by
from harness.bench.choosing import Constraints, Rate
from harness.bench.compare import Limit
from harness.bench.points import Axes, FrameSize
from harness.bench.stability import Rule
from harness.cli import options
from harness.cli.options import Format
from harness.core.errors import ConfigurationError
from harness.core.progress import stderr_progress
from harness.local_environment.local_run import RunOptions
from harness.observations import circumstances
from harness.serving.runtimes.docker_limits import parse_size

INTERRUPTED = 130
INSTANCES = ("ml.g4dn.xlarge", "ml.g5.xlarge", "ml.g6.xlarge")
CPU_BATCHES, GPU_BATCHES = (1, 2, 4), (1, 2, 4, 8, 16)
_NO_PRICE = "--price must be INSTANCE=USD_PER_HOUR, such as ml.g4dn.xlarge=0.7364, not {!r}"
QUICK_SECONDS = 140.0
"""What stands is then taken down, and the last repeat may take its time: three minutes in all."""
QUICK_RULE = Rule(tolerance=0.1, most=6, most_seconds=15.0)


class Precision(StrEnum):
    """What the handler's PRECISION knows."""

    FP32 = "fp32"
    FP16 = "fp16"
    BF16 = "bf16"
    AUTO = "auto"


app = typer.Typer(
    name="bench",
    help="Sweep settings through the real stack, and recommend one.",
    invoke_without_command=True,
)


@app.callback()
@options.on_local_run
def bench(
    run: RunOptions,
    context: typer.Context,
    video: Annotated[
        Path | None,
        typer.Option("--video", "-v", help="The clip to measure on; default: the known answer's.", metavar="FILE"),
    ] = None,
    batch_size: Annotated[
        list[int] | None,
        typer.Option("--batch-size", "-b", help="Frames at once; may be given again.", metavar="N", min=1),
    ] = None,
    precision: Annotated[
        list[Precision] | None,
        typer.Option(
            "--precision", help="What the network computes in; may be given again.", metavar="fp32|fp16|bf16|auto"
        ),
    ] = None,
    frame_size: Annotated[
        list[str] | None,
        typer.Option(
            "--frame-size", help="What the network is given, such as 1280x720; may be given again.", metavar="WxH"
        ),
    ] = None,
    concurrency: Annotated[
        list[int] | None,
        typer.Option("--concurrency", help="Requests at once; may be given again.", metavar="N", min=1),
    ] = None,
    max_memory: Annotated[
        str | None, typer.Option("--max-memory", help="Recommend nothing above it, such as 12GiB.", metavar="SIZE")
    ] = None,
    max_p95: Annotated[
        float | None,
        typer.Option("--max-p95", help="Recommend nothing slower than that.", metavar="SECONDS", min=0.0),
    ] = None,
    price: Annotated[
        list[str] | None,
        typer.Option(
            "--price",
            help="ml.g4dn.xlarge=0.7364 instead of the dated table; may be given again.",
            metavar="TYPE=DOLLARS",
        ),
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer repeats, and an end within three minutes.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Measure again what an earlier sweep measured.")] = False,
    config_file: options.ConfigOption = Path(FILE_NAME),
    env: options.EnvOption = None,
    out: Annotated[Path, typer.Option("--out", help="Folder for the results.", metavar="DIR")] = Path(
        "rehearsal-bench"
    ),
    output_format: options.OutputOption = Format.TEXT,
    quiet: options.QuietOption = False,
) -> None:
    """Sweep settings through the real stack, and recommend one."""
    if context.invoked_subcommand is not None:
        return
    sizes = tuple(FrameSize.parse(text) for text in frame_size or ())
    precisions = tuple(each.value for each in precision or ())
    axes = Axes(tuple(batch_size or _batches()), precisions, sizes, tuple(concurrency or (1,)))
    region = config.load(config_file, env).endpoint.region
    asked = sweep.Options(
        config_path=config_file,
        axes=axes,
        rule=QUICK_RULE if quick else Rule(),
        constraints=Constraints(parse_size(max_memory) if max_memory else None, max_p95),
        environment=env,
        video=video,
        rates=_rates(region, price or []),
        **vars(run),
        fresh=fresh,
        most_seconds=QUICK_SECONDS if quick else None,
        arguments=tuple(sys.argv[1:]),
    )
    benched = sweep.bench(asked, stderr_progress(quiet=quiet))
    written = writing.write_all(benched.bench, out)
    if output_format is Format.JSON:
        typer.echo(written.bench_json.read_text(encoding="utf-8"))
    else:
        typer.echo(_in_words(benched, written))
    if benched.was_interrupted:
        raise typer.Exit(INTERRUPTED)
    if benched.bench.recommendation.point is None:
        raise typer.Exit(1)


@app.command()
def compare(
    before: Annotated[Path, typer.Argument(help="The bench.json to compare with.", metavar="A")],
    after: Annotated[Path, typer.Argument(help="The bench.json that is judged.", metavar="B")],
    fail_on: Annotated[
        list[str] | None,
        typer.Option(
            "--fail-on",
            help="Such as fps:-5% or p95:+10%; fps, p50, p95 and memory are known; may be given again.",
            metavar="LIMIT",
        ),
    ] = None,
    output_format: options.OutputOption = Format.TEXT,
) -> None:
    """Say what changed between two benchmarks, and fail when it passes a limit."""
    limits = [Limit.parse(text) for text in fail_on or ()]
    found = comparing.compare(read_bench(before), read_bench(after), limits)
    for warning in found.warnings:
        typer.echo(f"warning: {warning}", err=True)
    lines = [*(str(change) for change in found.changes), *(f"failed: {failure}" for failure in found.failures)]
    options.print_result(output_format, comparing.as_document(found), "\n".join(lines))
    if found.failures:
        raise typer.Exit(1)


def _batches() -> tuple[int, ...]:
    return GPU_BATCHES if circumstances.this_machine().gpu else CPU_BATCHES


def _rates(region: str, given: list[str]) -> tuple[Rate, ...]:
    """The prices given, and the table's for the usual instances that none was given for."""
    own = [_own_rate(text) for text in given]
    named = {rate.instance_type for rate in own}
    tabled = [sweep.rate_of(region, name) for name in INSTANCES if name not in named]
    return (*own, *(rate for rate in tabled if rate is not None))


def _own_rate(text: str) -> Rate:
    name, _, usd = text.partition("=")
    try:
        rate = Rate(name, float(usd), "given with --price")
    except ValueError as error:
        raise ConfigurationError(_NO_PRICE.format(text)) from error
    if not name or not 0 < rate.usd_per_hour < math.inf:
        raise ConfigurationError(_NO_PRICE.format(text))
    return rate


def _in_words(benched: sweep.Benched, written: writing.Written) -> str:
    bench, chosen = benched.bench, benched.bench.recommendation
    lines = [f"{point.name}: {pace.in_words(point)}" for point in bench.points]
    lines += [
        f"{price.instance_type}: {writing.cost(price)} at this machine's speed ({price.source})"
        for price in chosen.prices
    ]
    if bound := bounded_by(bench):
        lines.append(f"Bound by {bound}")
    lines.append(f"Report: {written.report_html}")
    lines.append(f"Recommended: {chosen.point or 'nothing'}: {chosen.reason}")
    lines.append(f"Next: {_next(benched)}")
    return "\n".join(lines)


def _next(benched: sweep.Benched) -> str:
    chosen = benched.bench.recommendation
    if benched.was_interrupted or any(point.note == pace.NO_TIME for point in benched.bench.points):
        return "the same command goes on from here"
    if chosen.settings:
        wanted = ", ".join(f"{name} = {value}" for name, value in chosen.settings.items())
        return f"set {wanted} below [handler.environment] in the project file, then `harness validate`"
    if chosen.point:
        return "nothing to change; `harness validate` makes the rest of the evidence"
    return "look at why in the report, then allow more or measure other points"
