"""The results of a handler that has no frames: items and requests a second, in the same files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deploy import evidence
from deploy.evidence import Finding
from deploy.evidence.bench import Bench, SentCase, read_bench, throughput
from harness.bench.results import charts, choosing, writing
from harness.bench.results.bounds import bounded_by
from harness.bench.results.choosing import UNCONSTRAINED, Rate
from harness.bench.results.compare import Limit, compare
from tests.harness.bench.examples import bench, of_items, point

TWO = (of_items("as configured", 30.0), of_items("THREADS=2", 45.0, errors={"503: busy": 2}, failed_requests=2))


def of_cases(*points: evidence.bench.BenchPoint, load: str = "closed") -> Bench:
    made = bench(*points, chosen=points[-1].name)
    chosen = made.recommendation.model_copy(
        update={
            "prices": choosing.recommend(points[-1:], UNCONSTRAINED, [Rate("ml.g4dn.xlarge", 0.7, "a table")]).prices
        }
    )
    cases = tuple(
        SentCase(name=name, input=made.clip.model_copy(update={"file": f"{name}.json"})) for name in ("rows", "more")
    )
    return made.model_copy(update={"cases": cases, "load": load, "recommendation": chosen})


def test_nothing_of_frames_is_said_where_there_are_none() -> None:
    for text in (writing.page(of_cases(*TWO)), writing.markdown(of_cases(*TWO))):
        assert "frame" not in text.replace("frame_", "")
        assert "video minute" not in text
        assert "items" in text
        assert "requests/s" in text
    assert "<dt>pictures</dt>" not in writing.page(of_cases(*TWO))


def test_the_tables_show_all_percentiles_and_every_cause() -> None:
    summary = writing.markdown(of_cases(*TWO))
    assert "| point | outcome | items/s | requests/s | p50 | p90 | p95 | p99 |" in summary
    assert "| THREADS=2 | stable | 45.00 (45.00 to 45.00) | 15.00 (15.00 to 15.00) | 500 ms | 800 ms |" in summary
    assert "- THREADS=2: 2 x 503: busy" in summary
    assert "rows.json, more.json" in summary
    page = writing.page(of_cases(*TWO))
    assert "2 x 503: busy" in page
    assert "rows.json" in page
    assert "more.json" in page


def test_the_charts_are_of_items_and_of_a_requests_stages() -> None:
    speeds, waterfall, *_ = charts.all_charts(of_cases(*TWO))
    assert (speeds.title, speeds.unit) == ("Items per second", "items/s")
    assert waterfall.title == "Where a request's time goes"
    assert "Mean per request" in waterfall.explained
    assert bounded_by(of_cases(*TWO)) == (
        "the container; its handler does not say with what (container is 95 % of a request)"
    )


def test_requests_alone_are_the_speed_where_nobody_knows_the_items() -> None:
    alone = of_items("as configured", 30.0, items_per_second=None)
    assert charts.speeds(of_cases(alone)).title == "Requests per second"
    assert choosing.recommend([alone], UNCONSTRAINED).reason == "10 requests/s, the fastest"


def test_a_thousand_items_and_a_thousand_requests_have_a_price() -> None:
    (price,) = of_cases(*TWO).recommendation.prices
    assert price.usd_per_1000_frames is None
    assert price.usd_per_1000_items == pytest.approx(1000 * 0.7 / 3600 / 45, abs=1e-6)
    assert price.usd_per_1000_requests == pytest.approx(1000 * 0.7 / 3600 / 15, abs=1e-6)
    assert writing.cost(price) == "$0.0043 per 1,000 items, $0.0130 per 1,000 requests"


def test_under_an_open_load_the_one_that_answers_soonest_is_recommended() -> None:
    late = of_items("A=1", 30.0, request_p95_seconds=3.0, offered_per_second=10.0)
    soon = of_items("A=2", 29.8, request_p95_seconds=0.5, offered_per_second=10.0)
    behind = of_items("A=3", 9.0, request_p95_seconds=0.1, offered_per_second=10.0)
    found = choosing.recommend([late, soon, behind], UNCONSTRAINED, is_open=True)
    assert (found.point, found.reason) == ("A=2", "it answers soonest: p95 500 ms at 29.8 items/s")


def test_an_open_load_is_told_and_its_price_is_of_that_load() -> None:
    opened = of_cases(of_items("as configured", 30.0, offered_per_second=10.5), load="poisson:10")
    summary = writing.markdown(opened)
    assert "| offered/s |" in summary
    assert "10.50" in summary
    assert "at this load" in summary
    assert "poisson:10 load" in summary
    assert "more than it offers cannot be answered" in charts.speeds(opened).explained
    assert "from when each request was due" in charts.times(opened).explained


def test_all_files_are_written_and_read_back(tmp_path: Path) -> None:
    whole = of_cases(*TWO)
    written = writing.write_all(whole, tmp_path)
    assert read_bench(written.bench_json) == whole
    (first, *_) = json.loads(written.pytest_benchmark_json.read_text())["benchmarks"]
    assert first["stats"]["median"] == pytest.approx(1 / 30, abs=1e-4)


def test_a_file_from_before_items_is_read_as_it_was(tmp_path: Path) -> None:
    """What the first version of the format wrote, key by key."""
    document = json.loads(bench(point("as configured", 8.0)).model_dump_json(by_alias=True))
    for key in ("cases", "load", "findings"):
        del document[key]
    new = ("requests", "answered_requests", "items_per_second", "requests_per_second", "offered_per_second",
           "request_p90_seconds",
           "request_p99_seconds", "stage_seconds_per_request", "items_per_request", "errors")  # fmt: skip
    for measured in document["points"]:
        for key in new:
            del measured[key]
    for price in document["recommendation"]["prices"]:
        del price["usd_per_1000_items"], price["usd_per_1000_requests"]
    path = tmp_path / "bench.json"
    path.write_text(json.dumps(document))
    old = read_bench(path)
    assert (old.unit, old.load, old.inputs) == ("frames/s", "closed", (old.clip,))
    assert "Frames per second" in writing.page(old)
    assert compare(old, bench(point("as configured", 8.0)), [Limit.parse("fps:-1%")]).failures == ()


def test_the_gates_get_requests_and_times_of_a_handler_without_frames() -> None:
    check = throughput(of_items("as configured", 30.0))
    assert {metric.name for metric in check.metrics} == {"jobs_per_second", "request_p95_seconds"}
    assert check.judgement == "passed"


def test_an_open_load_is_evidence_of_times_and_of_no_throughput() -> None:
    report = evidence.as_report(of_cases(of_items("as configured", 30.0), load="burst:4"))
    assert report is not None
    check = report.check("throughput")
    assert check is not None
    assert [metric.name for metric in check.metrics] == ["request_p95_seconds"]


def test_a_flagship_that_failed_still_lacks_its_frames() -> None:
    check = throughput(point("as configured", outcome="failed"))
    assert {metric.name for metric in check.metrics} == {"frames_per_second", "jobs_per_second", "request_p95_seconds"}


@pytest.mark.parametrize(
    ("limit", "failed"),
    [
        ("items:-5%", "THREADS=2: items 45/s -> 30/s (-33.3 %): allowed is -5 %"),
        ("requests:-5%", "THREADS=2: requests 15/s -> 10/s (-33.3 %): allowed is -5 %"),
        ("p99:+10%", "THREADS=2: p99 1.2 s -> 2.4 s (+100.0 %): allowed is +10 %"),
        ("fps:-5%", "fps: no point of both benchmarks has it, so that nothing was compared"),
    ],
)
def test_items_requests_and_percentiles_are_compared(limit: str, failed: str) -> None:
    slower = of_cases(TWO[0], of_items("THREADS=2", 30.0, request_p99_seconds=2.4))
    assert compare(of_cases(*TWO), slower, [Limit.parse(limit)]).failures == (failed,)


def test_other_loads_and_other_cases_are_warned_of() -> None:
    other = of_cases(*TWO, load="burst:4").model_copy(update={"cases": ()})
    found = compare(of_cases(*TWO), other, [])
    assert "the loads differ: closed and burst:4" in found.warnings
    assert "the inputs differ: rows.json, more.json and <street>.mp4" in found.warnings


def test_what_could_not_be_sent_is_in_the_page_and_in_the_summary() -> None:
    finding = Finding(
        check="request.size", severity="error", message="rose.jpg is too large", where="rose", advice="cut"
    )
    told = of_cases(*TWO).model_copy(update={"findings": (finding,)})
    assert "rose.jpg is too large" in writing.page(told)
    assert "- rose: rose.jpg is too large" in writing.markdown(told)
