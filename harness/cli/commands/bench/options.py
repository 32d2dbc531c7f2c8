"""The options of a sweep: the points to measure, the limits of a recommendation, and the prices of instances."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from deploy.cli.options import Format, OutputOption
from deploy.core.errors import ConfigurationError
from harness.bench import sweep
from harness.bench.measurement.points import Axes, FrameSize
from harness.bench.measurement.stability import Rule
from harness.bench.results.choosing import Constraints, Rate
from harness.cli.options import QuietOption
from harness.observations import circumstances
from harness.serving.runtimes.docker_limits import parse_size

INSTANCES = ("ml.g4dn.xlarge", "ml.g5.xlarge", "ml.g6.xlarge")
CPU_BATCHES, GPU_BATCHES = (1, 2, 4), (1, 2, 4, 8, 16)
# What was started is then taken down, and the last repeat may take its time: three minutes in all.
QUICK_SECONDS = 140.0
QUICK_RULE = Rule(tolerance=0.1, most=6, most_seconds=15.0)
_NO_PRICE = "--price must be INSTANCE=USD_PER_HOUR, such as ml.g4dn.xlarge=0.7364, not {!r}"


class Precision(StrEnum):
    """The values that the handler's PRECISION takes."""

    FP32 = "fp32"
    FP16 = "fp16"
    BF16 = "bf16"
    AUTO = "auto"


@dataclass(frozen=True, kw_only=True)
class MeasureOptions:
    video: Annotated[
        Path | None,
        typer.Option("--video", "-v", help="The clip to measure on; default: the known answer's.", metavar="FILE"),
    ] = None
    quick: Annotated[bool, typer.Option("--quick", help="Fewer repeats, and an end within three minutes.")] = False
    fresh: Annotated[bool, typer.Option("--fresh", help="Measure again what an earlier sweep measured.")] = False

    @property
    def rule(self) -> Rule:
        return QUICK_RULE if self.quick else Rule()

    @property
    def most_seconds(self) -> float | None:
        return QUICK_SECONDS if self.quick else None


@dataclass(frozen=True, kw_only=True)
class ResultOptions:
    out: Annotated[Path, typer.Option("--out", help="Folder for the results.", metavar="DIR")] = Path("rehearsal-bench")
    output_format: OutputOption = Format.TEXT
    quiet: QuietOption = False


@dataclass(frozen=True, kw_only=True)
class AxisOptions:
    batch_size: Annotated[
        list[int] | None,
        typer.Option("--batch-size", "-b", help="Frames at once; may be given again.", metavar="N", min=1),
    ] = None
    precision: Annotated[
        list[Precision] | None,
        typer.Option(
            "--precision", help="What the network computes in; may be given again.", metavar="fp32|fp16|bf16|auto"
        ),
    ] = None
    frame_size: Annotated[
        list[str] | None,
        typer.Option(
            "--frame-size", help="What the network is given, such as 1280x720; may be given again.", metavar="WxH"
        ),
    ] = None
    concurrency: Annotated[
        list[int] | None,
        typer.Option("--concurrency", help="Requests at once; may be given again.", metavar="N", min=1),
    ] = None

    def axes(self) -> Axes:
        sizes = tuple(FrameSize.parse(text) for text in self.frame_size or ())
        precisions = tuple(each.value for each in self.precision or ())
        return Axes(tuple(self.batch_size or _batches()), precisions, sizes, tuple(self.concurrency or (1,)))


@dataclass(frozen=True, kw_only=True)
class ChoiceOptions:
    max_memory: Annotated[
        str | None, typer.Option("--max-memory", help="Recommend nothing above it, such as 12GiB.", metavar="SIZE")
    ] = None
    max_p95: Annotated[
        float | None,
        typer.Option("--max-p95", help="Recommend nothing slower than that.", metavar="SECONDS", min=0.0),
    ] = None
    price: Annotated[
        list[str] | None,
        typer.Option(
            "--price",
            help="ml.g4dn.xlarge=0.7364 instead of the dated table; may be given again.",
            metavar="TYPE=DOLLARS",
        ),
    ] = None

    def constraints(self) -> Constraints:
        return Constraints(parse_size(self.max_memory) if self.max_memory else None, self.max_p95)

    def rates(self, region: str) -> tuple[Rate, ...]:
        """The prices given, and the table's prices for the usual instances that have none."""
        own = [_own_rate(text) for text in self.price or ()]
        named = {rate.instance_type for rate in own}
        tabled = [sweep.rate_of(region, name) for name in INSTANCES if name not in named]
        return (*own, *(rate for rate in tabled if rate is not None))


def _batches() -> tuple[int, ...]:
    return GPU_BATCHES if circumstances.this_machine().gpu else CPU_BATCHES


def _own_rate(text: str) -> Rate:
    name, _, usd = text.partition("=")
    try:
        rate = Rate(name, float(usd), "given with --price")
    except ValueError as error:
        raise ConfigurationError(_NO_PRICE.format(text)) from error
    if not name or not 0 < rate.usd_per_hour < math.inf:
        raise ConfigurationError(_NO_PRICE.format(text))
    return rate
