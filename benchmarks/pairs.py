"""Runs two contestants alternately (A B B A ...) in two persistent processes, and compares their times.

On a shared machine neither "all of A, then all of B" nor the fastest of each is stable; the median of the ratios of
neighbouring runs is, to about 2 % on a quiet machine. CPU time is the cross-check, because a busy machine slows it far
less than the wall clock. A gate fails only when both ratios are below it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any, Protocol

from benchmarks.contestants.worker import ROOT

JobDocument = dict[str, Any]


@dataclass(frozen=True)
class Run:
    """One run of one contestant; `cpu_seconds` counts all threads of its process."""

    wall_seconds: float
    cpu_seconds: float
    minor_faults: int
    peak_bytes: int
    frame_count: int
    detection_count: int
    answer: list[dict[str, Any]] | None = None
    skipped_to_count: int = 0
    why_not_skipped: str = ""


@dataclass(frozen=True)
class Pairs:
    """Neighbouring runs, warm; `ratio` above 1 means that B is faster."""

    a: tuple[Run, ...]
    b: tuple[Run, ...]

    @property
    def ratios(self) -> list[float]:
        return [one.wall_seconds / other.wall_seconds for one, other in zip(self.a, self.b, strict=True)]

    @property
    def ratio(self) -> float:
        return median(self.ratios)

    @property
    def cpu_ratio(self) -> float:
        """The ratio of the least CPU times of both."""
        return min(run.cpu_seconds for run in self.a) / min(run.cpu_seconds for run in self.b)

    def holds(self, gate: float) -> bool:
        """Whether the ratio is at least `gate` by either measure: a regression shows in both."""
        return self.ratio >= gate or self.cpu_ratio >= gate

    def summary(self) -> dict[str, Any]:
        """The figures for `extra_info` and for the committed results."""
        return {
            "ratio": round(self.ratio, 3),
            "ratios": [round(ratio, 3) for ratio in self.ratios],
            "cpu_ratio": round(self.cpu_ratio, 3),
            "wall_ratio_of_minima": round(_least(self.a) / _least(self.b), 3),
            "frames_per_run": self.b[0].frame_count,
            "detections_per_frame": round(self.b[0].detection_count / max(self.b[0].frame_count, 1), 1),
            "a_seconds_per_frame": round(_least(self.a) / self.a[0].frame_count, 4),
            "b_seconds_per_frame": round(_least(self.b) / self.b[0].frame_count, 4),
            "a_peak_bytes": max(run.peak_bytes for run in self.a),
            "b_peak_bytes": max(run.peak_bytes for run in self.b),
            "b_minor_faults_per_frame": min(run.minor_faults for run in self.b) // self.b[0].frame_count,
            "pairs": len(self.a),
        }


def _least(runs: Sequence[Run]) -> float:
    return min(run.wall_seconds for run in runs)


@dataclass(frozen=True)
class Worker:
    """A loaded contestant in its own process. `ready_seconds` count from the first line of its program until then."""

    ready_seconds: float
    ask: Callable[[dict[str, Any]], dict[str, Any]]

    def run(self, *, answer: bool = False) -> Run:
        return Run(**self.ask({"answer": answer}))

    def take(self, job: Any) -> None:
        """Set the same contestant up for another job."""
        self.ask({"job": asdict(job)})


class Runs(Protocol):
    def run(self) -> Run: ...


@dataclass(frozen=True)
class Crew:
    """Workers that run at once, as those of one server do; its run ends with the last, and has the sums of all."""

    workers: tuple[Worker, ...]

    def run(self) -> Run:
        started = time.perf_counter()
        with ThreadPoolExecutor(len(self.workers)) as pool:
            runs = list(pool.map(Worker.run, self.workers))
        return Run(
            wall_seconds=time.perf_counter() - started,
            cpu_seconds=sum(run.cpu_seconds for run in runs),
            minor_faults=sum(run.minor_faults for run in runs),
            peak_bytes=sum(run.peak_bytes for run in runs),
            frame_count=sum(run.frame_count for run in runs),
            detection_count=sum(run.detection_count for run in runs),
        )


@contextmanager
def crew(name: str, job: Any, size: int) -> Iterator[Crew]:
    """Start `size` workers of one contestant; the processes end with the context."""
    with ExitStack() as stack:
        yield Crew(tuple(stack.enter_context(working(name, job)) for _ in range(size)))


@contextmanager
def working(name: str, job: Any) -> Iterator[Worker]:
    """Start a worker; `job` is a `contestants.Job`, and the process ends with the context."""
    reading, writing = os.pipe()
    with tempfile.TemporaryDirectory() as folder:
        job_path = Path(folder, "job.json")
        job_path.write_text(json.dumps(asdict(job), default=str), encoding="utf-8")
        command = [sys.executable, "-m", "benchmarks.contestants.worker", name, str(job_path), str(writing)]
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, text=True, pass_fds=[writing], cwd=ROOT, env=_environment(job)
        )
        os.close(writing)
        with os.fdopen(reading, encoding="utf-8") as answers:
            try:
                yield Worker(
                    _answer(answers, name)["ready_seconds"], lambda command: _asked(process, answers, name, command)
                )
            finally:
                process.communicate()


def alternated(a: Runs, b: Runs, pair_count: int) -> Pairs:
    """Run each once to warm up, then `pair_count` pairs in ABBA order."""
    a.run(), b.run()
    firsts: list[Run] = []
    seconds: list[Run] = []
    for position in range(pair_count):
        for worker, runs in [(a, firsts), (b, seconds)][:: 1 if position % 2 == 0 else -1]:
            runs.append(worker.run())
    return Pairs(tuple(firsts), tuple(seconds))


def _environment(job: Any) -> dict[str, str]:
    threads = {"OMP_NUM_THREADS": str(job.threads)} if job.threads else {}
    path = os.pathsep.join(filter(None, (str(ROOT), str(ROOT / "handler"), os.environ.get("PYTHONPATH"))))
    return {**os.environ, **threads, **job.environment, "PYTHONPATH": path}


def _asked(process: subprocess.Popen[str], answers: Any, name: str, command: dict[str, Any]) -> dict[str, Any]:
    if process.stdin is None:
        raise WorkerEnded(name)
    process.stdin.write(json.dumps(command, default=str) + "\n")
    process.stdin.flush()
    return _answer(answers, name)


def _answer(answers: Any, name: str) -> dict[str, Any]:
    line = answers.readline()
    if not line:
        raise WorkerEnded(name)
    document: dict[str, Any] = json.loads(line)
    return document


class WorkerEnded(Exception):
    def __init__(self, name: str) -> None:
        super().__init__(f"the worker of {name} ended; its error is on stderr above")
