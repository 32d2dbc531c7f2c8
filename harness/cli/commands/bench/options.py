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
from harness.bench.load import shapes
from harness.bench.load.shapes import Shape
from harness.bench.measurement.points import Axes, Axis, batch_sizes, frame_sizes, precisions, variables
from harness.bench.measurement.stability import Rule
from harness.bench.results.choosing import Constraints, Rate
from harness.cli.options import QuietOption
from harness.observations import circumstances
from harness.serving.runtimes.docker_limits import parse_size

INSTANCES = ("ml.g4dn.xlarge", "ml.g5.xlarge", "ml.g6.xlarge")
CPU_BATCHES, GPU_BATCHES = (1, 2, 4), (1, 2, 4, 8, 16)
# What was started is then taken down, and the last repeat may take its time: three minutes in all.
QUICK_SECONDS = 140.0
QUICK_RULE = Rule(tolerance=0.1, most=6, most_seconds=15.0, repeat_seconds=0.5)
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
        typer.Option(
            "--video", "-v", help="A clip to send; default for the flagship: the known answer's.", metavar="FILE"
        ),
    ] = None
    cases: Annotated[
        list[str] | None,
        typer.Option(
            "--case",
            help="A [[case]] by its name, or any FILE[:TYPE]; may be given again. Default: all good cases.",
            metavar="NAME",
        ),
    ] = None
    load: Annotated[
        str,
        typer.Option(
            "--load",
            help="closed: --concurrency clients; poisson:RATE a second, or burst:N, wait for no answer.",
            metavar="SHAPE",
        ),
    ] = "closed"
    quick: Annotated[bool, typer.Option("--quick", help="Fewer repeats, and an end within three minutes.")] = False
    fresh: Annotated[bool, typer.Option("--fresh", help="Measure again what an earlier sweep measured.")] = False

    @property
    def shape(self) -> Shape:
        """Raises ConfigurationError for a text that is none."""
        return shapes.parse(self.load)

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
    sweep: Annotated[
        list[str] | None,
        typer.Option(
            "--sweep",
            help="Values of an environment variable to try, such as BATCH_SIZE=1,4,8; may be given again.",
            metavar="NAME=VALUES",
        ),
    ] = None
    batch_size: Annotated[
        list[int] | None,
        typer.Option("--batch-size", "-b", help="BATCH_SIZE: frames at once; may be given again.", metavar="N", min=1),
    ] = None
    precision: Annotated[
        list[Precision] | None,
        typer.Option(
            "--precision",
            help="PRECISION: what the network computes in; may be given again.",
            metavar="fp32|fp16|bf16|auto",
        ),
    ] = None
    frame_size: Annotated[
        list[str] | None,
        typer.Option(
            "--frame-size", help="FRAME_WIDTH and FRAME_HEIGHT, such as 1280x720; may be given again.", metavar="WxH"
        ),
    ] = None
    concurrency: Annotated[
        list[int] | None,
        typer.Option(
            "--concurrency",
            help="Requests that are sent, and handled, at once; may be given again.",
            metavar="N",
            min=1,
        ),
    ] = None

    def axes(self, *, is_open: bool) -> Axes:
        """Raises ConfigurationError for what is no size, no variable, or named twice."""
        shortcuts = (
            precisions(each.value for each in self.precision or ()),
            frame_sizes(self.frame_size or ()),
        )
        axes = Axes(
            (*variables(self.sweep or ()), *(axis for axis in shortcuts if axis)),
            batch_sizes(self.batch_size or ()),
            tuple(self.concurrency or ((None,) if is_open else (1,))),
        )
        axes.check()
        return axes


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


def flagships_batches() -> Axis:
    return batch_sizes(GPU_BATCHES if circumstances.this_machine().gpu else CPU_BATCHES)


def _own_rate(text: str) -> Rate:
    name, _, usd = text.partition("=")
    try:
        rate = Rate(name, float(usd), "given with --price")
    except ValueError as error:
        raise ConfigurationError(_NO_PRICE.format(text)) from error
    if not name or not 0 < rate.usd_per_hour < math.inf:
        raise ConfigurationError(_NO_PRICE.format(text))
    return rate
