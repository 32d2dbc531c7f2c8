"""One point of a sweep: repeats, failures, and the numbers that come of them."""

from __future__ import annotations

import _thread
import json
import threading
import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from botocore.exceptions import EndpointConnectionError

from deploy import config
from deploy.async_client import Completed, Failed, Outcome, Request, Unanswered
from deploy.core.errors import EndpointFailed
from deploy.core.waiting import REAL_TIME
from deploy.evidence.bench import BenchPoint
from harness.bench.load.reading import Pointed, Uncounted
from harness.bench.load.senders import Client
from harness.bench.load.shapes import Poisson
from harness.bench.measurement.measure import Deployed, Experiment, Interrupted, Usage
from harness.bench.measurement.points import AS_CONFIGURED, Axes, Point, frame_sizes, points, precisions, variables
from harness.bench.measurement.stability import Rule, chance, percentile
from harness.bench.measurement.store import Store
from harness.core.errors import ConfigurationError
from harness.observations import stage_log
from harness.observations.phases import Phases
from tests.harness.bench.examples import ACCEPTED, LOAD, ScriptedClient, batch, batches, load_of, point

RULE = Rule(tolerance=0.1, most=6, repeat_seconds=0.0)


def deployed(tmp_path: Path, *clients: ScriptedClient, log: str = "") -> Deployed:
    (tmp_path / "i-1.log").write_text(log, encoding="utf-8")
    return Deployed(clients, tmp_path, lambda: Usage(5_000_000))


def stage_line(total: float, gpu: int | None = None, **seconds: float) -> str:
    document = {"total_seconds": total, "seconds": seconds, "counts": {"frames": 10}, "gpu_peak_bytes": gpu}
    return f"2026 [INFO ] W-9000-model_1.0-stdout MODEL_LOG - stages {json.dumps(document)}\n"


def test_a_point_is_repeated_until_three_agree_and_the_warm_up_does_not_count(tmp_path: Path) -> None:
    client = ScriptedClient([50.0, 3.0, 2.0, 2.0, 2.1])
    found = Experiment(LOAD, RULE).measure(batch(4), lambda: deployed(tmp_path, client))
    assert (found.outcome, found.repeats, len(client.requests)) == ("stable", 4, 5)
    assert found.frames_per_second is not None
    assert found.frames_per_second.values == pytest.approx((10 / 3, 5, 5, 10 / 2.1), abs=1e-3)
    assert (found.frames_per_second.median, found.request_p50_seconds, found.request_p95_seconds) == (4.881, 2.0, 3.0)
    assert (found.settings, found.frames_per_request, found.peak_host_bytes) == ({"BATCH_SIZE": "4"}, 10, 5_000_000)


def test_a_point_that_never_settles_is_marked_unstable(tmp_path: Path) -> None:
    client = ScriptedClient([1.0, 1.0, 2.0, 3.0, 1.0, 2.0, 3.0])
    found = Experiment(LOAD, RULE).measure(Point(), lambda: deployed(tmp_path, client))
    assert (found.name, found.outcome, found.note) == (AS_CONFIGURED, "unstable", "not stable after 6 repeats in 0 s")


def test_requests_at_once_are_one_round(tmp_path: Path) -> None:
    clients = [ScriptedClient([1.0, 2.0]), ScriptedClient([4.0])]
    found = Experiment(LOAD, RULE).measure(Point(concurrency=2), lambda: deployed(tmp_path, *clients))
    assert found.frames_per_second is not None
    assert (found.frames_per_second.median, found.jobs_per_second) == pytest.approx((5.0, 0.5), abs=0.01)
    assert [len(client.requests) for client in clients] == [4, 3]


OUT_OF_MEMORY = b'{"error":{"code":"out_of_memory","message":"with 24 frames"}}'


def test_three_failures_in_a_row_end_the_point_with_the_handlers_words(tmp_path: Path) -> None:
    client = ScriptedClient(failure=OUT_OF_MEMORY)
    found = Experiment(LOAD, RULE).measure(batch(24), lambda: deployed(tmp_path, client))
    assert (found.outcome, found.failed_requests, len(client.requests)) == ("failed", 3, 3)
    assert found.note == OUT_OF_MEMORY.decode()
    assert found.out_of_memory is not None
    assert (found.out_of_memory.count, found.out_of_memory.trials) == (3, 3)


def test_how_often_memory_runs_out_is_counted_over_all_repeats(tmp_path: Path) -> None:
    client = ScriptedClient([1.0], failure=OUT_OF_MEMORY, failing=(3, 5))
    found = Experiment(LOAD, RULE).measure(batch(8), lambda: deployed(tmp_path, client))
    assert (found.outcome, found.failed_requests, len(client.requests)) == ("failed", 2, 1 + RULE.most)
    assert found.out_of_memory is not None
    assert (found.out_of_memory.count, found.out_of_memory.trials) == (2, 7)
    assert found.out_of_memory.upper_bound < 0.6
    assert found.note.startswith("2 of 7 requests failed: ")
    assert found.frames_per_second is not None
    assert found.repeats == 4


def test_workers_that_the_kernel_killed_ran_out_of_memory(tmp_path: Path) -> None:
    killed = replace(deployed(tmp_path, ScriptedClient([1.0])), usage=lambda: Usage(None, 1))
    found = Experiment(LOAD, RULE).measure(batch(8), lambda: killed)
    assert found.out_of_memory is not None
    assert found.out_of_memory.count == 1


def test_what_was_measured_before_the_endpoint_broke_is_kept(tmp_path: Path) -> None:
    @dataclass
    class Breaking(ScriptedClient):
        def send(self, request: Request) -> Outcome:
            if len(self.requests) == 3:
                raise EndpointConnectionError(endpoint_url="http://127.0.0.1:1")
            return super().send(request)

    found = Experiment(LOAD, RULE).measure(batch(8), lambda: deployed(tmp_path, Breaking([1.0])))
    assert (found.outcome, found.repeats) == ("failed", 2)
    assert "127.0.0.1:1" in found.note


def test_a_point_whose_time_is_up_says_how_far_it_came(tmp_path: Path) -> None:
    found = Experiment(LOAD, Rule(most_seconds=0.0)).measure(
        batch(8), lambda: deployed(tmp_path, ScriptedClient([1.0]))
    )
    assert (found.outcome, found.repeats) == ("unstable", 0)
    assert found.note == "not stable after 0 repeats in 0 s"
    assert str(Rule(most_seconds=15)).endswith("unstable after 12 repeats or 15 s; a repeat sends for at least 1 s")


def test_ctrl_c_within_a_point_keeps_its_repeats_and_waits_for_nothing(tmp_path: Path) -> None:
    answered = threading.Event()

    @dataclass
    class Slow(ScriptedClient):
        """Answers two requests; the third would take for ever."""

        def send(self, request: Request) -> Outcome:
            if len(self.requests) == 2:
                _thread.interrupt_main()
                answered.wait(30)
            return super().send(request)

    started = time.monotonic()
    with pytest.raises(Interrupted) as stopped:
        Experiment(LOAD, RULE).measure(batch(8), lambda: deployed(tmp_path, Slow([1.0])))
    assert time.monotonic() - started < 10
    answered.set()
    point = stopped.value.point
    assert (point.outcome, point.repeats, point.note) == ("unstable", 1, "interrupted after 1 repeat")


def test_an_endpoint_that_cannot_be_deployed_is_a_result(tmp_path: Path) -> None:
    def fails() -> Deployed:
        raise EndpointFailed("endpoint bench-1 is Failed: no container started")

    found = Experiment(LOAD, RULE).measure(batch(8), fails)
    assert (found.outcome, found.note) == ("failed", "endpoint bench-1 is Failed: no container started")


def test_silence_is_a_failure_with_its_time(tmp_path: Path) -> None:
    found = Experiment(LOAD, RULE).measure(Point(), lambda: deployed(tmp_path, ScriptedClient()))
    assert (found.outcome, found.note) == ("failed", "no answer within 600 s")


def test_the_stages_of_the_emulator_and_of_the_handler_are_one_way(tmp_path: Path) -> None:
    log = stage_line(30, decode=20.0) + 3 * stage_line(1.5, gpu=7, decode=0.5, forward=0.9, write=0.1)
    client = ScriptedClient([50.0, 2.0])
    asked: list[set[str]] = []

    def phases(inference_ids: Collection[str]) -> list[Phases]:
        asked.append(set(inference_ids))
        return [Phases("bench-0", "id", {"queue": 0.1, "download": 0.05, "container": 1.6, "upload": 0.15})]

    measured = replace(deployed(tmp_path, client, log=log), phases=phases)
    found = Experiment(LOAD, RULE).measure(Point(), lambda: measured)
    assert found.stage_seconds_per_frame["download"] == pytest.approx(0.005)
    assert found.stage_seconds_per_frame["upload"] == pytest.approx(0.015)
    assert found.peak_gpu_bytes == 7
    assert sum(found.stage_seconds_per_frame.values()) == pytest.approx(2.0 / 10), "the whole request, by stages"
    assert asked == [{"id"}]


def test_going_on_with_smaller_batches_counts_as_out_of_memory(tmp_path: Path) -> None:
    log = "W-9000-model_1.0-stdout MODEL_LOG - out of memory on cuda:0 with 8 frames of 1 x 1; going on with 4: set\n"
    found = Experiment(LOAD, RULE).measure(batch(8), lambda: deployed(tmp_path, ScriptedClient([1.0]), log=log))
    assert found.out_of_memory is not None
    assert (found.outcome, found.out_of_memory.count, found.out_of_memory.trials) == ("stable", 1, 4)


def test_broken_lines_of_the_log_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "i-1.log").write_text(
        'MODEL_LOG - stages {broken}\nMODEL_LOG - stages {"seconds": 3}\n' + stage_line(2.0, decode=1.0)
    )
    assert [account.total_seconds for account in stage_log.read(tmp_path).accounts] == [2.0]


@pytest.mark.parametrize(
    ("values", "is_stable"),
    [([], False), ([1, 1], False), ([9, 1, 1, 1], True), ([1, 1, 1.2], False), ([1, 1, 1, 1.2], False)],
)
def test_stable_means_that_the_last_three_agree(values: list[float], is_stable: bool) -> None:
    assert RULE.is_stable(values) is is_stable


def test_no_event_in_few_trials_still_leaves_a_chance() -> None:
    assert chance(0, 8).upper_bound == pytest.approx(0.25, abs=0.01)
    assert chance(0, 100).upper_bound < 0.03
    assert chance(3, 6).upper_bound > 0.5
    assert chance(0, 0).upper_bound == 1.0


def test_a_percentile_is_one_of_the_values() -> None:
    assert [percentile([3.0, 1.0, 2.0, 4.0], share) for share in (0.5, 0.95, 0.0)] == [2.0, 4.0, 1.0]


def test_what_the_project_says_comes_first_and_no_point_twice() -> None:
    axes = Axes((precisions(("fp32", "bf16")), frame_sizes(("64x48",))), batches(1, 2))
    names = [each.name for each in points(axes)]
    assert names[:3] == [AS_CONFIGURED, "batch 1, fp32, 64x48", "batch 2, fp32, 64x48"]
    assert len(names) == len(set(names)) == 5
    assert points(Axes()) == (Point(),)
    assert points(axes)[1].settings == {
        "BATCH_SIZE": "1",
        "PRECISION": "fp32",
        "FRAME_WIDTH": "64",
        "FRAME_HEIGHT": "48",
    }


@pytest.mark.parametrize("text", ["1280", "x720", "1280x", "axb", "1280x720x3", "0x720"])
def test_a_frame_size_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="WIDTHxHEIGHT"):
        frame_sizes((text,))


def test_measured_points_are_found_again_only_for_what_they_were_measured_on(tmp_path: Path) -> None:
    store = Store(tmp_path, ("bundle a", "clip b"))
    store.keep(batch(2), point("batch 2", 7.0))
    store.keep(batch(4), point("batch 4", outcome="failed"))
    found = store.find(batch(2))
    assert found is not None
    assert found == point("batch 2", 7.0)
    assert store.find(batch(4)) is None
    assert store.find(batch(8)) is None
    assert Store(tmp_path, ("bundle a", "clip c")).find(batch(2)) is None
    assert store.find(batch(2, concurrency=2)) is None


def test_a_sweep_of_variables_is_every_combination_and_names_them() -> None:
    axes = Axes((*variables(["THREADS=1,2", "MODE=fast"]), precisions(("fp16",))), concurrencies=(1, 4))
    assert [each.name for each in points(axes)] == [
        AS_CONFIGURED,
        "THREADS=1, MODE=fast, fp16",
        "THREADS=1, MODE=fast, fp16, 4 at once",
        "THREADS=2, MODE=fast, fp16",
        "THREADS=2, MODE=fast, fp16, 4 at once",
    ]
    assert points(axes)[1].settings == {"THREADS": "1", "MODE": "fast", "PRECISION": "fp16"}
    assert axes.names() == ("THREADS", "MODE", "PRECISION")


def test_a_variable_given_twice_has_the_values_of_both_and_each_once() -> None:
    (axis,) = variables(["A=1,2", 'A=2, "3,4"'])
    assert [dict(each.variables)["A"] for each in axis] == ["1", "2", "3,4"]


def test_a_batch_size_is_a_variable_like_any_other() -> None:
    assert points(Axes(variables(["BATCH_SIZE=4"])))[1] == batch(4)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("BATCH_SIZE=", "a value is missing"),
        ("BATCH_SIZE", "a value is missing"),
        ("BATCH_SIZE=1,,4", "a value is missing"),
        ("batch=1", "capital letters"),
        ("=1", "capital letters"),
    ],
)
def test_a_sweep_that_is_none_is_refused(text: str, why: str) -> None:
    with pytest.raises(ConfigurationError, match=f"--sweep must be NAME=VALUE.*{why}"):
        variables([text])


def test_one_variable_in_two_options_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="BATCH_SIZE is swept twice"):
        Axes(variables(["BATCH_SIZE=1,2"]), batches(4)).check()


def test_an_open_load_leaves_the_projects_own_concurrency(tmp_path: Path) -> None:
    path = tmp_path / "rehearsal.toml"
    path.write_text('[project]\nname = "demo"\n[endpoint]\nmax_concurrent_invocations_per_instance = 3\n')
    project, (own,) = config.load(path), points(Axes(concurrencies=(None,)))
    assert (own.name, own.settings) == (AS_CONFIGURED, {})
    assert own.laid_over(project, "e").endpoint.max_concurrent_invocations_per_instance == 3
    assert Point().laid_over(project, "e").endpoint.max_concurrent_invocations_per_instance == 1


class Cases:
    """A client whose answer is told by the attributes of the request: the case's name."""

    def __init__(self, answers: Mapping[str, Sequence[Outcome]]) -> None:
        self.answers = answers
        self.sent: Counter[str] = Counter()

    def send(self, request: Request) -> Outcome:
        name = request.attributes
        self.sent[name] += 1
        outcomes = self.answers[name]
        return outcomes[min(self.sent[name], len(outcomes)) - 1]


def rows(count: int, seconds: float = 1.0) -> Outcome:
    return Completed(ACCEPTED, json.dumps({"rows": [0] * count}).encode(), "application/json", seconds)


ROWS = Experiment(load_of("one", "many", meter=Pointed("/rows")), RULE)


def experimented(tmp_path: Path, client: Client, experiment: Experiment = ROWS) -> BenchPoint:
    return experiment.measure(Point(), lambda: Deployed([client], tmp_path, Usage))


def test_items_and_requests_of_several_cases_are_rates_of_one_point(tmp_path: Path) -> None:
    client = Cases({"one": [rows(1)], "many": [rows(9, 3.0)]})
    found = experimented(tmp_path, client)
    assert (found.outcome, found.unit, found.requests, found.failed_requests) == ("stable", "items/s", 6, 0)
    assert found.speed is not None
    assert found.requests_per_second is not None
    assert found.speed.median == pytest.approx(10 / 3, abs=0.01), "both were sent at once to a clock that stands still"
    assert found.requests_per_second.median == pytest.approx(2 / 3, abs=0.01)
    assert (found.items_per_request, found.frames_per_second, found.frames_per_request) == (5.0, None, None)
    assert client.sent == {"one": 4, "many": 4}, "a warm-up each, and three repeats"
    assert (found.request_p50_seconds, found.request_p99_seconds) == (1.0, 3.0)


def test_without_items_there_are_requests_alone(tmp_path: Path) -> None:
    found = experimented(tmp_path, Cases({"one": [rows(1)]}), Experiment(load_of("one", meter=Uncounted()), RULE))
    assert (found.unit, found.items_per_second, found.items_per_request) == ("requests/s", None, None)
    assert found.jobs_per_second == pytest.approx(1.0, abs=0.01)


def test_a_case_that_fails_is_named_with_its_cause_and_ends_the_point(tmp_path: Path) -> None:
    refused = Failed(ACCEPTED, b'{"message": "no rows"}', 0.1, http_status=400)
    client = Cases({"one": [rows(1)], "many": [refused]})
    found = experimented(tmp_path, client)
    assert (found.outcome, found.errors) == ("failed", {"400: no rows": 3})
    assert "case 'many': " in found.note
    assert client.sent["many"] == 3


def test_an_answer_that_is_not_as_expected_is_a_failure_of_its_case(tmp_path: Path) -> None:
    found = experimented(tmp_path, Cases({"one": [rows(1)], "many": [rows(1), Completed(ACCEPTED, b"{}", "a/b", 1.0)]}))
    assert found.outcome == "failed"
    assert found.note.endswith("case 'many': items = \"/rows\" of the case does not lead to its items: "
                               "the answer has no key 'rows' (it is empty)")  # fmt: skip


def test_failures_are_counted_by_cause_and_stay_in_the_figures(tmp_path: Path) -> None:
    busy = Failed(ACCEPTED, b"busy", 4.0, http_status=503)
    lost = Unanswered(ACCEPTED, 9.0)
    client = Cases({"one": [rows(1), busy, rows(1), rows(1), lost]})
    found = experimented(tmp_path, client, Experiment(load_of("one", meter=Uncounted()), RULE))
    assert (found.outcome, found.requests, found.answered_requests, found.failed_requests) == ("failed", 4, 2, 2)
    assert found.errors == {"503: busy": 1, "no answer within 9 s": 1}
    assert found.requests_per_second is not None
    assert found.requests_per_second.values == (1.0, 1.0), "a repeat without any answer has no rate"
    assert found.note.startswith("2 of 5 requests failed: case 'one': busy")


def test_ids_and_addresses_make_no_causes_of_their_own(tmp_path: Path) -> None:
    told = [
        Failed(ACCEPTED, f"request 0f0f0f0f-1111-2222-3333-4444444444{n:02} of s3://b/{n} broke".encode(), 1.0)
        for n in range(4)
    ]
    client = Cases({"one": [rows(1), told[0], rows(1), told[1], rows(1), told[2]]})
    found = experimented(tmp_path, client, Experiment(load_of("one", meter=Uncounted()), RULE))
    assert found.errors == {"request ... of ... broke": 3 + 1}


def test_an_open_load_tells_what_was_offered(tmp_path: Path) -> None:
    client = Cases({"one": [rows(1, 0.0)]})
    experiment = Experiment(load_of("one", meter=Uncounted()), Rule(most=1, repeat_seconds=0.05), Poisson(50.0))
    found = experimented(tmp_path, client, experiment)
    assert found.offered_per_second == pytest.approx(50, rel=0.4)
    assert found.requests == len(Poisson(50.0).offsets(0.5))
    assert found.request_p50_seconds is not None
    assert found.request_p50_seconds < 0.05


def test_an_open_load_is_stable_by_the_time_of_its_requests_and_not_by_its_rate(tmp_path: Path) -> None:
    """The rate is what was offered, however long each request takes."""
    count = len(Poisson(1000.0).offsets(0.01))
    repeats = [[seconds] * (count - 1) + [5.0] for seconds in (0.1, 0.4, 0.2, 0.5)]
    times = iter([0.001, *(seconds for repeat in repeats for seconds in repeat)])

    class Restless:
        """The last answer of every repeat comes after the same time, and so is their rate."""

        def send(self, request: Request) -> Outcome:
            return rows(1, next(times))

    experiment = Experiment(load_of("one", meter=Uncounted()), Rule(0.2, 4, repeat_seconds=0.001), Poisson(1000.0))
    found = experimented(tmp_path, Restless(), experiment)
    assert (found.outcome, found.repeats) == ("unstable", 4)
    assert found.requests_per_second is not None
    assert found.requests_per_second.high < 1.05 * found.requests_per_second.low


def test_a_load_that_the_endpoint_does_not_keep_up_with_ends_the_point(tmp_path: Path) -> None:
    class Slow:
        def send(self, request: Request) -> Outcome:
            REAL_TIME.sleep(0.05)
            return rows(1, 0.05)

    class OneSender(Poisson):
        def senders(self, _concurrency: int, /) -> int:
            return 1

    experiment = Experiment(load_of("one", meter=Uncounted()), Rule(repeat_seconds=0.01), OneSender(200.0))
    found = experimented(tmp_path, Slow(), experiment)
    assert (found.outcome, found.repeats) == ("failed", 1)
    assert sum(found.errors.values()) == found.failed_requests == found.requests - found.answered_requests > 5
    assert "the endpoint does not keep up with poisson:200" in found.note


def test_a_rate_is_of_what_was_answered_in_the_time_of_all(tmp_path: Path) -> None:
    broken = Failed(ACCEPTED, b"busy", 4.0)
    client = Cases({"one": [rows(1)], "many": [rows(1), broken]})
    found = experimented(tmp_path, client, Experiment(load_of("one", "many", meter=Uncounted()), RULE))
    assert found.requests_per_second is not None
    assert found.requests_per_second.median == pytest.approx(1 / 4, abs=0.01), "one answer, and 4 s for both"
    assert (found.outcome, found.answered_requests, found.failed_requests) == ("failed", 3, 3)
