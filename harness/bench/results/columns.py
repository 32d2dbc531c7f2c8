"""The columns of a table of points, and of one of prices: those that hold something. It makes no HTML."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from deploy.evidence.bench import Bench, BenchPoint, Price, Spread
from harness.report import texts

T = TypeVar("T")


@dataclass(frozen=True)
class Column(Generic[T]):
    title: str
    read: Callable[[T], str | None]
    """None where a row has nothing."""

    def words(self, row: T) -> str:
        found = self.read(row)
        return texts.ABSENT if found is None else found


def shown(bench: Bench, *, with_spans: bool = False) -> tuple[Column[BenchPoint], ...]:
    """`with_spans`: whether rates have the least and the most of their repeats beside them."""
    every = (*_rates(_spread if with_spans else _median), *_POINT_COLUMNS)
    return tuple(each for each in every if any(each.read(point) is not None for point in bench.points))


def price_columns(bench: Bench) -> tuple[Column[Price], ...]:
    prices = bench.recommendation.prices
    return tuple(each for each in _PRICE_COLUMNS if any(each.read(price) is not None for price in prices))


def failures(bench: Bench) -> tuple[str, ...]:
    """The causes of failed requests, a line a point."""
    return tuple(f"{point.name}: {causes(point)}" for point in bench.points if point.errors)


def causes(point: BenchPoint) -> str:
    return "; ".join(f"{count} x {cause}" for cause, count in point.errors.items())


def _rates(words: Callable[[Spread | None], str | None]) -> tuple[Column[BenchPoint], ...]:
    return (
        Column("frames/s", lambda point: words(point.frames_per_second)),
        Column("items/s", lambda point: words(point.items_per_second)),
        Column("requests/s", lambda point: words(point.requests_per_second)),
    )


def _median(rate: Spread | None) -> str | None:
    return None if rate is None else f"{rate.median:.2f}"


def _spread(rate: Spread | None) -> str | None:
    return None if rate is None else f"{rate.median:.2f} ({rate.low:.2f} to {rate.high:.2f})"


def _rounded(value: float | None) -> str | None:
    return None if value is None else f"{value:.2f}"


def _seconds(value: float | None) -> str | None:
    return None if value is None else texts.seconds(value)


def _gigabytes(size: int | None) -> str | None:
    return None if size is None else f"{size / 1e9:.2f} GB"


def _answered(point: BenchPoint) -> str | None:
    """Where some failed."""
    return None if point.answered_requests == point.requests else str(point.answered_requests)


def _usd(value: float | None, digits: int) -> str | None:
    return None if value is None else f"{value:.{digits}f}"


def _chance(point: BenchPoint) -> str | None:
    found = point.out_of_memory
    if found is None:
        return None
    return f"{found.count} of {found.trials}, at most {100 * found.upper_bound:.0f} %"


_POINT_COLUMNS: tuple[Column[BenchPoint], ...] = (
    Column("offered/s", lambda point: _rounded(point.offered_per_second)),
    Column("p50", lambda point: _seconds(point.request_p50_seconds)),
    Column("p90", lambda point: _seconds(point.request_p90_seconds)),
    Column("p95", lambda point: _seconds(point.request_p95_seconds)),
    Column("p99", lambda point: _seconds(point.request_p99_seconds)),
    Column("first", lambda point: _seconds(point.first_request_seconds)),
    Column("GPU", lambda point: _gigabytes(point.peak_gpu_bytes)),
    Column("host", lambda point: _gigabytes(point.peak_host_bytes)),
    Column("repeats", lambda point: str(point.repeats)),
    Column("requests", lambda point: str(point.requests) if point.requests else None),
    Column("answered", _answered),
    Column("failed", lambda point: str(point.failed_requests)),
    Column("out of memory", _chance),
)
_PRICE_COLUMNS: tuple[Column[Price], ...] = (
    Column("$ per 1,000 frames", lambda price: _usd(price.usd_per_1000_frames, 4)),
    Column("$ per 1,000 items", lambda price: _usd(price.usd_per_1000_items, 4)),
    Column("$ per 1,000 requests", lambda price: _usd(price.usd_per_1000_requests, 4)),
    Column("$ per video minute", lambda price: _usd(price.usd_per_video_minute, 5)),
)
