"""Measures decoding alone, by codec, distance of key frames, resolution and interval: the handler and the reference.

There are two hard gates. The handler is not slower than the reference beyond the slack, and it decodes as promised:
H.264 is skipped through wherever PyAV is installed, everything else is decoded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from benchmarks import clips, context, pairs
from benchmarks.clips import ALWAYS_READ, CannotMake
from benchmarks.conftest import CACHE, Extent
from benchmarks.contestants.contestants import Job
from benchmarks.decoding import POINTS, Point, Row
from benchmarks.pairs import Worker

pytestmark = pytest.mark.timeout(600)

NOT_SLOWER = 0.8
NO_MODEL = Path()


@pytest.fixture(scope="module")
def sides() -> Iterator[tuple[Worker, Worker]]:
    """Start the reference and the handler, each in one process for all points."""
    nothing_yet = Job(NO_MODEL, Path(), 1)
    with pairs.working("reference-decode", nothing_yet) as one, pairs.working("handler-decode", nothing_yet) as other:
        yield one, other


@pytest.mark.parametrize("point", POINTS, ids=lambda point: point.name)
def test_decode(
    benchmark: Any,
    sides: tuple[Worker, Worker],
    extent: Extent,
    circumstances: Mapping[str, Any],
    decoded_rows: list[Row],
    point: Point,
) -> None:
    reference, handler = given(sides, point)
    found = pairs.alternated(reference, handler, extent.pair_count)
    if not found.holds(NOT_SLOWER):
        found = pairs.alternated(reference, handler, extent.pair_count)
    row = Row(point, found)
    decoded_rows.append(row)
    benchmark.extra_info.update({**row.facts(), "gate": NOT_SLOWER, **circumstances})
    benchmark.pedantic(handler.run, rounds=1, iterations=1)
    assert {run.frame_count for run in (*found.a, *found.b)} == {point.sampled_count}
    assert {run.skipped_to_count for run in found.b} == {point.sampled_count if skips(point) else 0}, row.path
    assert found.holds(NOT_SLOWER), row.facts()


def given(sides: tuple[Worker, Worker], point: Point) -> tuple[Worker, Worker]:
    """Give both the point's clip; skips the test where a codec other than H.264 cannot be written or read here."""
    codec = point.recipe.codec
    try:
        job = Job(NO_MODEL, clips.made(point.recipe, CACHE), point.frame_interval)
    except CannotMake as reason:
        if codec == ALWAYS_READ:
            raise
        pytest.skip(str(reason))
    for side in sides:
        side.take(job)
    if codec != ALWAYS_READ and sides[0].run().frame_count == 0:
        pytest.skip(f"OpenCV here does not read {codec}")
    return sides


def skips(point: Point) -> bool:
    return point.may_skip and context.has_pyav()
