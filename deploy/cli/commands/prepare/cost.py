"""Estimate what the endpoint costs: low, expected and high.

The output lists every assumption.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Annotated

import typer

from deploy.cli import output
from deploy.cli.options import EndpointOptions, Format, OutputOption, ProfileOption, ProjectOptions
from deploy.cli.output import rendering
from deploy.cli.session import Session, open_session
from deploy.pricing import Price
from deploy.pricing import price as tabled_price
from deploy.pricing.cost import Load, complete
from deploy.pricing.cost import cost as estimate


@dataclass(frozen=True, kw_only=True)
class LoadOptions:
    requests_per_hour: Annotated[
        float | None,
        typer.Option(
            "--requests-per-hour", "-r", help="Over the whole day; default: [cost] requests_per_hour.", metavar="N"
        ),
    ] = None
    seconds_per_request: Annotated[
        float | None,
        typer.Option(
            "--seconds-per-request", "-s", help="On one instance; default: as `harness bench` measured.", metavar="S"
        ),
    ] = None
    frames_per_request: Annotated[
        float | None,
        typer.Option(
            "--frames-per-request", "-f", help="Sampled frames; default: as `harness bench` measured.", metavar="N"
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class PriceOptions:
    usd_per_hour: Annotated[float | None, typer.Option("--usd-per-hour", help="Of one instance.", metavar="USD")] = None
    price_list: Annotated[
        bool, typer.Option("--price-list", help="Ask AWS's Price List instead of the dated table.")
    ] = False


def cost(
    load: LoadOptions,
    project: ProjectOptions,
    prices: PriceOptions,
    profile: ProfileOption = None,
    output_format: OutputOption = Format.TEXT,
) -> None:
    work = open_session(EndpointOptions(**vars(project), profile=profile))
    given = Load(**vars(load))
    found = estimate(work.project, _price(work, prices), complete(work.project, given, work.throughput))
    output.result(output_format, {"schema": "rehearsal.cost/1", **asdict(found)}, rendering.cost(found))


def _price(work: Session, prices: PriceOptions) -> Price | None:
    if prices.usd_per_hour is not None:
        return Price(prices.usd_per_hour, "as given")
    endpoint = work.project.endpoint
    return work.price if prices.price_list else tabled_price(endpoint.region, endpoint.instance_type)
