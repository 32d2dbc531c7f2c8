"""What alternated pairs say, and the workers that run them."""

from __future__ import annotations

import json
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import torch

from benchmarks import pairs
from benchmarks.contestants.contestants import Job
from benchmarks.pairs import Crew, Pairs, Run, Worker, WorkerEnded
from detector.model.maskrcnn import SMALL_FPN, MaskRCNNSpec, build_network

ROOT = Path(__file__).parents[2]
KNOWN_ANSWER = ROOT / "harness" / "samples" / "known_answer"


def run_of(wall: float, cpu: float | None = None) -> Run:
    return Run(wall, cpu or wall, minor_faults=20, peak_bytes=1, frame_count=2, detection_count=5)


def found(a: list[float], b: list[float]) -> Pairs:
    return Pairs(tuple(map(run_of, a)), tuple(map(run_of, b)))


def test_the_ratio_is_the_median_of_the_pairs_and_one_disturbed_run_does_not_count() -> None:
    assert found([2, 20, 2], [1, 1, 1]).ratio == 2
    assert found([2, 2, 2], [1, 1, 9]).ratio == 2


def test_a_gate_fails_only_when_wall_and_cpu_time_are_below_it() -> None:
    noisy = Pairs((run_of(2, 2),), (run_of(4, 1),))
    slow = Pairs((run_of(2, 2),), (run_of(4, 4),))
    assert (noisy.ratio, noisy.cpu_ratio, noisy.holds(1.5)) == (0.5, 2.0, True)
    assert not slow.holds(1.5)


def test_the_summary_says_what_was_measured() -> None:
    summary = found([4, 4], [2, 1]).summary()
    assert (summary["ratio"], summary["wall_ratio_of_minima"], summary["pairs"]) == (3.0, 4.0, 2)
    assert (summary["detections_per_frame"], summary["b_seconds_per_frame"]) == (2.5, 0.5)
    assert summary["b_minor_faults_per_frame"] == 10


def test_runs_alternate_abba_after_one_warm_up_each() -> None:
    order: list[str] = []

    def worker(name: str) -> Worker:
        def ask(_: dict[str, Any]) -> dict[str, Any]:
            order.append(name)
            return vars(run_of(1.0))

        return Worker(0.0, ask)

    pairs.alternated(worker("a"), worker("b"), 3)
    assert "".join(order) == "ab" + "abbaab"


@pytest.fixture
def job(tmp_path: Path) -> Job:
    (tmp_path / "model.json").write_text((KNOWN_ANSWER / "model.json").read_text())
    document = json.loads((tmp_path / "model.json").read_text())
    torch.manual_seed(1)
    network = build_network(
        MaskRCNNSpec(SMALL_FPN, document["num_classes"], {int(k): v for k, v in document["labels"].items()})
    )
    torch.save(network.state_dict(), tmp_path / "model.pth")
    return Job(tmp_path, KNOWN_ANSWER / "clip.mp4", 30, threads=1)


def test_both_sides_answer_the_same_in_their_own_processes(job: Job) -> None:
    with pairs.working("reference", job) as reference, pairs.working("handler", job) as handler:
        expected, answer = reference.run(answer=True), handler.run(answer=True)
    assert (expected.frame_count, answer.frame_count) == (3, 3)
    assert answer.detection_count == expected.detection_count > 0
    assert answer.cpu_seconds > 0
    for frame, other in zip(answer.answer or [], expected.answer or [], strict=True):
        assert frame["labels"] == other["labels"]
        assert frame["scores"] == pytest.approx(other["scores"], abs=1e-5)


def test_a_worker_that_cannot_start_is_named(job: Job, tmp_path: Path) -> None:
    (tmp_path / "model.pth").unlink()
    with pytest.raises(WorkerEnded, match="the worker of handler ended"), pairs.working("handler", job):
        pass


def test_a_crew_runs_at_once_and_its_run_has_the_sums() -> None:
    barrier = threading.Barrier(2, timeout=30)

    def ask(_: dict[str, Any]) -> dict[str, Any]:
        barrier.wait()  # breaks unless both are asked at once
        return asdict(run_of(2.0, 3.0))

    ran = Crew((Worker(0.0, ask), Worker(0.0, ask))).run()
    assert (ran.cpu_seconds, ran.frame_count, ran.detection_count) == (6.0, 4, 10)
    assert ran.wall_seconds < 2.0
