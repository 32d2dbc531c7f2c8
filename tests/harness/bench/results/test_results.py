"""What comes of measured points: a recommendation, files, and a comparison with limits."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from typer.testing import CliRunner

from deploy import evidence
from deploy.core.errors import ConfigurationError as DeployConfigurationError
from deploy.evidence.bench import Bench, read_bench, throughput
from harness.bench.results import choosing, junit, writing
from harness.bench.results.choosing import Constraints, Rate
from harness.bench.results.compare import Limit, compare
from harness.cli.main import app
from harness.core.errors import ConfigurationError
from tests.harness.bench.examples import bench, point

FOUR = (point("as configured", 8.0), point("batch 1", 9.0, memory=2 * 10**9), point("batch 2", 12.0, p95=3.0),
        point("batch 4", outcome="failed"))  # fmt: skip
ANY = Constraints()


def test_the_fastest_point_is_recommended_and_what_was_left_out_is_said() -> None:
    found = choosing.recommend(FOUR, ANY)
    assert (found.point, dict(found.settings)) == ("batch 2", {"BATCH_SIZE": "2"})
    assert found.reason == "12 frames/s, the fastest. Left out: batch 4 (it broke)"


def test_as_fast_with_less_memory_is_better() -> None:
    near = (point("batch 8", 100.0, memory=9 * 10**9), point("batch 4", 98.0, memory=4 * 10**9))
    found = choosing.recommend(near, ANY)
    assert found.point == "batch 4"
    assert "within 3 % of the fastest (batch 8, 100), with less memory: 4.00 GB instead of 9.00 GB" in found.reason


@pytest.mark.parametrize(
    ("constraints", "chosen"),
    [(Constraints(max_p95_seconds=2.0), "batch 1"), (Constraints(10**9, 2.0), "as configured")],
)
def test_constraints_leave_points_out(constraints: Constraints, chosen: str) -> None:
    assert choosing.recommend(FOUR, constraints).point == chosen


def test_where_nothing_meets_the_constraints_each_reason_is_given() -> None:
    found = choosing.recommend(FOUR, Constraints(max_memory_bytes=10))
    assert found.point is None
    assert "as configured: takes 1.00 GB, allowed are 0.00 GB" in found.reason


def test_a_recommendation_says_which_points_it_could_not_be_sure_of() -> None:
    found = choosing.recommend((point("batch 1", 9.0, outcome="unstable"), point("batch 2", 12.0)), ANY)
    assert found.point == "batch 2"
    assert found.reason.endswith(
        "the fastest; not surely slower, because not stable: batch 1 (--fresh measures all again)"
    )
    alone = choosing.recommend((point("batch 1", 9.0), point("batch 2", 12.0, outcome="unstable")), ANY)
    assert alone.reason.endswith("its repeats were not stable, measure again with --fresh on a quiet machine")


def test_a_setting_that_is_faster_by_chance_alone_is_not_called_surely_faster() -> None:
    slightly = choosing.recommend((point("as configured", 10.0), point("batch 2", 10.15)), ANY)
    assert slightly.reason.endswith("the fastest; not surely faster than as configured: the repeats of both overlap")
    assert "surely" not in choosing.recommend((point("as configured", 10.0), point("batch 2", 11.0)), ANY).reason


def test_a_long_failure_is_told_briefly_among_the_reasons() -> None:
    long = point("batch 4", outcome="failed").model_copy(update={"note": "it broke: " + 100 * "word "})
    reason = choosing.recommend((*FOUR[:3], long), ANY).reason
    assert "Left out: batch 4 (it broke: word word" in reason
    assert len(reason) < 250


def test_a_point_that_ran_out_of_memory_once_is_not_recommended() -> None:
    found = choosing.recommend((point("batch 8", 50.0, oom=1), point("batch 1", 9.0)), ANY)
    assert found.point == "batch 1"
    assert "batch 8 (ran out of memory in 1 of 8 requests)" in found.reason


def test_prices_follow_from_the_speed() -> None:
    (price,) = choosing.recommend(FOUR, ANY, [Rate("ml.g4dn.xlarge", 0.7364, "a table")], 360.0).prices
    assert price.usd_per_1000_frames == pytest.approx(1000 * 0.7364 / 3600 / 12, abs=1e-6)
    assert price.usd_per_video_minute == pytest.approx(360 * 0.7364 / 3600 / 12, abs=1e-6)


class Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.bars = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.bars += tag == "i"
        self.links += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in ("meta", "br", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_well_formed_self_contained_and_shows_every_point() -> None:
    text = writing.page(bench(*FOUR))
    page = Page()
    page.feed(text)
    assert (page.open, page.links) == ([], [])
    assert page.bars == 3 + 3 * 3 + 4 + 4, "speeds, stages, times, memories"
    assert all(each.name in text for each in FOUR)
    assert "&lt;street&gt;.mp4" in text
    assert "<street>" not in text


def test_what_a_point_became_is_said_in_words_and_not_by_colour_alone() -> None:
    text = writing.page(bench(point("batch 1", 9.0, outcome="unstable"), point("batch 2", 12.0), FOUR[3]))
    assert text.count("≈ unstable") == 4
    assert text.count("★ recommended") == 4
    assert '<span class="outcome failed">✕ failed</span>' in text
    assert 'class="headline passed"' in text


def test_a_recommendation_of_an_unstable_point_does_not_look_like_a_sure_one() -> None:
    assert 'class="headline inconclusive"' in writing.page(bench(point("batch 2", 12.0, outcome="unstable")))


def test_a_benchmark_without_any_number_still_makes_a_page() -> None:
    assert "No recommendation" in writing.page(bench(point("batch 1", outcome="failed"), chosen=None))


def test_all_files_are_written_and_read_back(tmp_path: Path) -> None:
    whole = bench(*FOUR)
    written = writing.write_all(whole, tmp_path)
    assert read_bench(written.bench_json) == whole
    assert json.loads(written.bench_json.read_text())["schema"] == "rehearsal.bench/1"
    summary = written.summary_md.read_text()
    assert (
        "| batch 2 | stable | 12.00 (11.88 to 12.12) | 1.5 s | 3.0 s | 1.00 GB | 3 | 0 | 0 of 8, at most 25 % |"
        in summary
    )
    assert "$0.0100 per 1,000 frames, $0.00500 per video minute at this machine's speed ($0.7000 an hour" in summary
    assert "Stable: three agree." in summary
    (first, *_) = json.loads(written.pytest_benchmark_json.read_text())["benchmarks"]
    assert first["stats"]["median"] == pytest.approx(1 / 8, abs=1e-3)
    assert first["stats"]["rounds"] == 3


def test_pytest_benchmark_itself_compares_what_was_written(tmp_path: Path) -> None:
    written = writing.write_all(bench(*FOUR), tmp_path)
    command = [str(Path(sys.executable).with_name("pytest-benchmark")), "compare", str(written.pytest_benchmark_json)]
    ran = subprocess.run([*command, "--csv", str(tmp_path / "table")], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert "benchmark: 3 tests" in ran.stdout
    rows = list(csv.DictReader((tmp_path / "table.csv").read_text().splitlines()))
    medians = {row["name"].removeprefix("harness bench::"): float(row["median"]) for row in rows}
    assert medians == pytest.approx({"batch 2": 1 / 12, "batch 1": 1 / 9, "as configured": 1 / 8}, abs=1e-4)


def test_the_gates_get_the_settings_of_the_project_and_no_others(tmp_path: Path) -> None:
    written = writing.write_all(bench(*FOUR), tmp_path)
    assert written.report_json is not None
    report = evidence.read(written.report_json)
    check = report.check("throughput")
    assert check is not None
    assert {metric.name: metric.value for metric in check.metrics}["frames_per_second"] == 8.0
    assert report.verdict.passed
    assert writing.report(bench(*FOUR[1:])) is None


def test_an_unstable_point_is_no_evidence_for_a_promotion() -> None:
    assert throughput(point("as configured", 8.0, outcome="unstable")).judgement == "inconclusive"


def test_a_file_that_is_no_benchmark_is_refused_with_its_name(tmp_path: Path) -> None:
    path = tmp_path / "bench.json"
    path.write_text('{"schema": "rehearsal.bench/9"}')
    with pytest.raises(DeployConfigurationError, match=r"bench\.json: not a rehearsal\.bench/1 file"):
        read_bench(path)
    with pytest.raises(DeployConfigurationError, match="cannot read the benchmark"):
        read_bench(tmp_path / "none.json")


def slower() -> Bench:
    return bench(point("as configured", 8.0), point("batch 1", 8.0, memory=2 * 10**9), point("batch 2", 12.0, p95=4.0))


@pytest.mark.parametrize(
    ("limits", "failed"),
    [
        ([], []),
        (["fps:-5%"], ["batch 1: fps 9 -> 8 (-11.1 %)"]),
        (["fps:-12%"], []),
        (["p95:+10%"], ["batch 2: p95 3 s -> 4 s (+33.3 %)"]),
        (["fps:-12%", "p95:+40%", "memory:+1%"], []),
    ],
)
def test_limits_say_what_may_become_worse(limits: list[str], failed: list[str]) -> None:
    found = compare(bench(*FOUR), slower(), [Limit.parse(text) for text in limits])
    assert [failure.partition(": allowed")[0] for failure in found.failures] == failed


def test_more_memory_fails_its_limit_and_is_said_in_gigabytes() -> None:
    larger = bench(point("batch 1", 9.0, memory=3 * 10**9))
    found = compare(bench(FOUR[1]), larger, [Limit.parse("memory:+10%")])
    assert found.failures == ("batch 1: memory 2 GB -> 3 GB (+50.0 %): allowed is +10 %",)


def test_a_point_that_cannot_be_measured_any_more_is_a_failure() -> None:
    found = compare(bench(*FOUR), bench(FOUR[0], point("batch 1", outcome="failed")), [])
    assert found.failures == (
        "batch 1: was measured before and is not now: it broke",
        "batch 2: was measured before and is not now",
    )


def test_other_clips_and_unstable_points_are_warned_of() -> None:
    other = bench(point("as configured", 8.0, outcome="unstable"), clip_sha256="f" * 64)
    found = compare(bench(FOUR[0]), other, [])
    assert any("the inputs differ" in warning for warning in found.warnings)
    assert "not stable in the second: as configured" in found.warnings


def test_a_limit_on_what_was_not_measured_is_not_passed_silently() -> None:
    broken = bench(point("batch 1", outcome="failed"))
    found = compare(broken, broken, [Limit.parse("fps:-5%")])
    assert found.failures == ("fps: no point of both benchmarks has it, so that nothing was compared",)


def test_another_runtime_is_warned_of() -> None:
    docker = evidence.RuntimeUsed(kind="docker", assurance="compatible")
    other = bench(FOUR[0]).model_copy(update={"runtime": docker})
    found = compare(bench(FOUR[0]), other, [])
    assert found.warnings == ("the runtimes differ: process (process) and compatible (docker)",)


@pytest.mark.parametrize("text", ["fps", "fps:5%", "speed:-5%", "fps:-x%"])
def test_a_limit_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="--fail-on"):
        Limit.parse(text)


def test_the_command_fails_when_a_limit_is_passed(tmp_path: Path) -> None:
    before, after = (writing.write_all(each, tmp_path / name) for each, name in ((bench(*FOUR), "a"), (slower(), "b")))
    arguments = ["bench", "compare", str(before.bench_json), str(after.bench_json), "--fail-on"]
    failing = CliRunner().invoke(app, [*arguments, "fps:-5%"])
    assert (failing.exit_code, "failed: batch 1: fps 9 -> 8" in failing.output) == (1, True)
    assert CliRunner().invoke(app, [*arguments, "fps:-20%"]).exit_code == 0
    as_json = CliRunner().invoke(app, [*arguments, "fps:-5%", "--output", "json"])
    document = json.loads(as_json.stdout)
    assert (as_json.exit_code, document["schema"]) == (1, "rehearsal.bench-comparison/1")
    assert document["changes"][0]["metric"] == "fps"
    assert document["failures"][0].startswith("batch 1: fps 9 -> 8")


@pytest.mark.parametrize(
    "text", ["0.7", "ml.g5.xlarge=", "ml.g5.xlarge=dear", "ml.g5.xlarge=-1", "ml.g5.xlarge=nan", "=1"]
)
def test_a_price_that_is_none_is_refused(text: str) -> None:
    found = CliRunner().invoke(app, ["bench", "--price", text])
    assert isinstance(found.exception, ConfigurationError)
    assert "INSTANCE=USD_PER_HOUR" in str(found.exception)


def test_a_precision_that_is_none_is_a_usage_error() -> None:
    assert CliRunner().invoke(app, ["bench", "--precision", "int8"]).exit_code == 2


def test_ci_is_told_of_every_point_and_of_the_recommendation() -> None:
    points = (*FOUR, point("batch 8", 11.0, outcome="unstable"), point("batch 16", outcome="not_run"))
    suite = ET.fromstring(junit.render(bench(*points))).find("testsuite")  # noqa: S314  # written just now, by us
    assert suite is not None
    assert [case.get("name") for case in suite.iter("testcase")] == [*(each.name for each in points), "recommendation"]
    counts = {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")}
    assert counts == {"tests": "7", "failures": "1", "errors": "1", "skipped": "1"}
    assert "frames_per_second: 8.0" in str(suite.findtext("testcase/system-out"))
