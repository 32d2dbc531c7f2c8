"""Charts: axes with round numbers, spans, what is allowed, and a waterfall that adds up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.bench.results import charts
from tests.harness.bench.examples import bench, point


@given(st.lists(st.floats(min_value=1e-6, max_value=1e9), min_size=1, max_size=5))
def test_an_axis_ends_at_a_round_number_that_no_value_exceeds(values: list[float]) -> None:
    scale = charts.axis(values)
    assert max(values) <= scale.most * (1 + 1e-6)
    assert scale.most < 2.1 * max(values)
    assert [tick.percent for tick in scale.ticks] == sorted(tick.percent for tick in scale.ticks)
    assert (scale.ticks[0].percent, scale.ticks[-1].percent) == (0, 100)
    assert 3 <= len(scale.ticks) <= 7


def test_speeds_have_their_span_and_the_recommended_point_is_marked() -> None:
    chart = charts.speeds(bench(point("batch 1", 10.0), point("batch 2", 19.0)))
    assert [tick.words for tick in chart.ticks] == ["0", "5", "10", "15", "20"]
    assert [row.is_chosen for row in chart.rows] == [False, True]
    (lane,) = chart.rows[0].lanes
    assert (lane.segments[0].width_percent, lane.span) == (50.0, charts.Span(49.5, 1.0))
    assert chart.rows[0].words == "10.00 (9.90 to 10.10)"


def test_a_point_without_a_number_says_why_in_its_place() -> None:
    (row,) = charts.speeds(bench(point("batch 64", outcome="failed"))).rows
    assert (row.lanes, row.words, row.outcome) == ((), "it broke", "failed")


def test_the_segments_of_a_waterfall_follow_one_another() -> None:
    (row,) = charts.waterfall(bench(point("batch 2", 10.0))).rows
    (lane,) = row.lanes
    assert [segment.kind for segment in lane.segments] == ["download", "decode", "forward"]
    ends = [segment.start_percent + segment.width_percent for segment in lane.segments]
    assert [segment.start_percent for segment in lane.segments] == pytest.approx([0.0, *ends[:-1]], abs=0.02)
    assert [segment.label for segment in lane.segments] == ["", "decode 10.0", "forward 30.0"]
    assert row.words == "41.0 ms"


def test_what_is_decoded_ahead_is_a_line_beside_the_network() -> None:
    stages = {"queue": 0.002, "decode": 0.02, "resize": 0.004, "wait": 0.008, "forward": 0.05, "write": 0.001}
    ahead = point("batch 2", 10.0).model_copy(update={"stage_seconds_per_frame": stages})
    chart = charts.waterfall(bench(ahead))
    network, decoder = chart.rows[0].lanes
    assert [segment.kind for segment in network.segments] == ["queue", "wait", "forward", "write"]
    assert [segment.kind for segment in decoder.segments] == ["decode", "resize"]
    assert decoder.segments[0].start_percent == network.segments[1].start_percent
    assert chart.rows[0].words == "61.0 ms"
    assert "beside the network" in chart.explained


def test_limits_are_drawn_on_their_axes() -> None:
    held = bench(point("batch 2", 10.0, p95=1.0, memory=10**9)).model_copy(
        update={"constraints": {"max_p95_seconds": 2.0, "max_memory_bytes": 4e9}}
    )
    assert charts.times(held).limit == charts.Tick(100.0, "2")
    assert charts.memories(held).limit == charts.Tick(100.0, "4")
    assert charts.times(bench(point("batch 2", 10.0))).limit is None


def test_memory_of_the_gpu_and_of_the_host_are_two_lines() -> None:
    both = point("batch 2", 10.0, memory=10**9).model_copy(update={"peak_gpu_bytes": 3 * 10**9})
    (row,) = charts.memories(bench(both)).rows
    assert [lane.segments[0].kind for lane in row.lanes] == ["GPU", "host"]
    assert [lane.segments[0].width_percent for lane in row.lanes] == [100.0, 33.33]


def test_a_chart_without_anything_to_draw_is_left_out() -> None:
    nothing = point("batch 2", outcome="failed").model_copy(
        update={"request_p50_seconds": None, "request_p95_seconds": None, "peak_host_bytes": None}
    )
    assert charts.all_charts(bench(nothing)) == ()
