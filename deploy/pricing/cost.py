"""Estimates what the endpoint will cost, low, expected and high, and lists every assumption (`deploy cost`).

Scaling to zero is modelled with Poisson arrivals: an instance stays on from the first request until the queue was empty
for the idle time; that on-time and the pause until the next request repeat. Checked against a simulation: 11.1 h a day
predicted, 10.7 h simulated, at 2 requests an hour, 15 minutes idle, 6.5 minutes cold start.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from deploy.config import Project
from deploy.core.errors import ConfigurationError
from deploy.pricing.prices import Price
from deploy.resources.scaling import Throughput

HOURS_PER_MONTH = 730.0
# Includes detecting the backlog, host, container and model: low, expected, high, from reports of users of AWS.
_COLD_START_SECONDS = (240.0, 390.0, 600.0)
# Both fleets run this long before the bake of an update begins.
_PROVISIONING_MINUTES = 10.0
# Beyond this many idle times a second fleet-off pause never comes, and exp() would overflow.
_LARGEST_EXPONENT = 700.0


@dataclass(frozen=True)
class Load:
    """The requests that the endpoint gets; an unknown value is None."""

    requests_per_hour: float | None
    seconds_per_request: float | None
    frames_per_request: float | None = None


@dataclass(frozen=True)
class Range:
    low: float
    expected: float
    high: float


@dataclass(frozen=True)
class Cost:
    instance_type: str
    usd_per_hour: float
    price_source: str
    hours_per_day: Range
    usd_per_day: Range
    usd_per_month: Range
    usd_per_1000_frames: Range | None
    """Includes idle time and cold starts; None without frames per request."""
    busy_usd_per_1000_frames: float | None
    """The marginal cost, on an instance that is always busy."""
    always_on_usd_per_month: float
    usd_per_update: float
    """Both fleets run while an update starts and bakes."""
    assumptions: tuple[str, ...]


def complete(project: Project, load: Load, measured: Throughput | None) -> Load:
    """Fill in unknown values from [cost] requests_per_hour and from the benchmark."""
    frames = None
    if measured is not None and measured.frames_per_second is not None:
        frames = measured.frames_per_second / measured.jobs_per_second
    return Load(
        load.requests_per_hour or project.cost.requests_per_hour,
        load.seconds_per_request or (1 / measured.jobs_per_second if measured else None),
        load.frames_per_request or frames,
    )


def expected(project: Project, price: Price | None, measured: Throughput | None) -> Cost | None:
    """The cost of the project's own load; None when price, load or benchmark is missing."""
    load = complete(project, Load(None, None), measured)
    if price is None or load.requests_per_hour is None or load.seconds_per_request is None:
        return None
    return cost(project, price, load)


def cost(project: Project, price: Price | None, load: Load) -> Cost:
    """Raises ConfigurationError when the price is unknown, or the load is unknown or not above zero."""
    price = known(project, price)
    rate, seconds = _required(load)
    hours = Range(*(_hours_per_day(project, rate, seconds, cold) for cold in _COLD_START_SECONDS))
    daily = _times(hours, price.usd_per_hour)
    frames_per_day = rate * 24 * (load.frames_per_request or 0)
    instances = max(1, math.ceil(rate * seconds / 3600))
    return Cost(
        instance_type=project.endpoint.instance_type,
        usd_per_hour=price.usd_per_hour,
        price_source=price.source,
        hours_per_day=hours,
        usd_per_day=daily,
        usd_per_month=_times(daily, HOURS_PER_MONTH / 24),
        usd_per_1000_frames=_times(daily, 1000 / frames_per_day) if frames_per_day else None,
        busy_usd_per_1000_frames=_busy(price, seconds, load.frames_per_request),
        always_on_usd_per_month=price.usd_per_hour * HOURS_PER_MONTH * instances,
        usd_per_update=usd_per_update(project, price),
        assumptions=tuple(_assumptions(project, rate, seconds, price)),
    )


def _required(load: Load) -> tuple[float, float]:
    """Requests an hour and seconds a request."""
    if load.requests_per_hour is None:
        raise ConfigurationError(
            "how many requests come in an hour? Say --requests-per-hour, or [cost] requests_per_hour"
        )
    if load.seconds_per_request is None:
        raise ConfigurationError(
            "how long does a request take? Measure it with `harness bench`, or say --seconds-per-request"
        )
    if load.requests_per_hour <= 0 or load.seconds_per_request <= 0:
        raise ConfigurationError("requests per hour and seconds per request must be above zero")
    return load.requests_per_hour, load.seconds_per_request


def _busy(price: Price, seconds_per_request: float, frames_per_request: float | None) -> float | None:
    if not frames_per_request:
        return None
    return price.usd_per_hour / 3600 * seconds_per_request / frames_per_request * 1000


def known(project: Project, price: Price | None) -> Price:
    if price is None:
        raise ConfigurationError(
            f"the price of {project.endpoint.instance_type} in {project.endpoint.region} is not in the table, and the "
            "Price List was not asked or has none: give it with --usd-per-hour"
        )
    return price


def usd_per_update(project: Project, price: Price, instances: int = 0) -> float:
    """The cost of the second fleet until the end of the bake; it has as many instances as the first, `instances`."""
    minutes = both_fleets_minutes(project)
    return price.usd_per_hour * max(project.endpoint.initial_instance_count, instances) * minutes / 60


def both_fleets_minutes(project: Project) -> float:
    return _PROVISIONING_MINUTES + project.rollout.bake_seconds / 60


def usd_per_month_at_most(project: Project, price: Price) -> float:
    """The cost of the largest fleet for a whole month."""
    scaling = project.autoscaling
    largest = scaling.max_instances if scaling.enabled else project.endpoint.initial_instance_count
    return price.usd_per_hour * HOURS_PER_MONTH * largest


def usd_per_month_at_least(project: Project, price: Price) -> float:
    scaling = project.autoscaling
    smallest = scaling.min_instances if scaling.enabled else project.endpoint.initial_instance_count
    return price.usd_per_hour * HOURS_PER_MONTH * smallest


def require_within_budget(project: Project, price: Price | None) -> None:
    """Raises ConfigurationError when the largest fleet could cost more than [cost] max_usd_per_month."""
    limit = project.cost.max_usd_per_month
    if limit is None:
        return
    most = usd_per_month_at_most(project, known(project, price))
    if most > limit:
        raise ConfigurationError(
            f"{project.path}: the largest fleet would cost up to ${most:,.0f} a month, cost.max_usd_per_month is "
            f"${limit:,.0f}: lower autoscaling.max_instances, take a smaller instance, or raise the limit"
        )


def _hours_per_day(
    project: Project, requests_per_hour: float, seconds_per_request: float, cold_start_seconds: float
) -> float:
    """Instance-hours a day; never less than the work itself, never more than the largest fleet gives."""
    scaling = project.autoscaling
    work = requests_per_hour * seconds_per_request / 3600 * 24
    if not scaling.enabled or scaling.min_instances > 0:
        smallest = scaling.min_instances if scaling.enabled else project.endpoint.initial_instance_count
        return max(24.0 * smallest, work)
    rate = requests_per_hour / 3600
    idle = scaling.idle_minutes * 60 + seconds_per_request
    exponent = min(rate * idle, _LARGEST_EXPONENT)
    on = cold_start_seconds + math.expm1(exponent) / rate
    hours = 24.0 / (1 + 1 / (rate * on))  # on / (on + off) in a form that rounding keeps monotonic
    return min(max(hours, work), 24.0 * scaling.max_instances)


def _times(values: Range, factor: float) -> Range:
    return Range(values.low * factor, values.expected * factor, values.high * factor)


def _assumptions(project: Project, requests_per_hour: float, seconds_per_request: float, price: Price) -> list[str]:
    scaling = project.autoscaling
    cold = "/".join(f"{seconds / 60:g}" for seconds in _COLD_START_SECONDS)
    to_zero = scaling.enabled and scaling.min_instances == 0
    return [
        f"price: ${price.usd_per_hour:g} an hour, {price.source}",
        f"load: {requests_per_hour:g} requests an hour at random, {seconds_per_request:.4g} s each",
        f"cold start {cold} minutes, idle for {scaling.idle_minutes} minutes before zero"
        if to_zero
        else "never scales to zero",
        "without S3, SNS, CloudWatch and data transfer, which are small beside an instance",
    ]
