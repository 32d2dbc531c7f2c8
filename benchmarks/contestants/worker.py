"""Holds one contestant in a process and runs it on command.

`python -m benchmarks.contestants.worker NAME JOB.json`.

Commands and results are lines of JSON on a pipe that nothing else writes to: run, or set up another job. Two
contestants share no process, because they would share an allocator that one of them tunes or fills.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any, TextIO

ROOT = Path(__file__).parents[2]


def main(name: str, job_path: str, answers_fd: str) -> None:
    started = time.perf_counter()
    sys.path[:0] = [str(ROOT), str(ROOT / "handler")]
    from benchmarks.contestants import (
        contestants,  # the path above must come first, and the import is part of the start
    )

    def set_up(document: dict[str, Any]) -> Any:
        return contestants.set_up(name, _job(contestants.Job, document))

    contestant = set_up(json.loads(Path(job_path).read_text(encoding="utf-8")))
    gc.disable()
    with os.fdopen(int(answers_fd), "w", encoding="utf-8") as answers:
        _say(answers, {"ready_seconds": time.perf_counter() - started})
        for command in map(json.loads, sys.stdin):
            if "job" in command:
                contestant = set_up(command["job"])
            _say(answers, {} if "job" in command else _measured(contestant, command))


def _job(job_type: Any, document: dict[str, Any]) -> Any:
    size = document["frame_size"]
    paths = {key: Path(document[key]) for key in ("model_dir", "clip")}
    return job_type(**{**document, **paths, "frame_size": tuple(size) if size else None})


def _measured(contestant: Any, command: dict[str, Any]) -> dict[str, Any]:
    gc.collect()
    before = resource.getrusage(resource.RUSAGE_SELF)
    started, started_cpu = time.perf_counter(), time.process_time()
    ran = contestant()
    wall_seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - started_cpu
    after = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "wall_seconds": wall_seconds,
        "cpu_seconds": cpu_seconds,
        "minor_faults": after.ru_minflt - before.ru_minflt,
        "peak_bytes": _peak_bytes(),
        "frame_count": ran.frame_count,
        "detection_count": sum(len(frame.scores) for frame in ran.answer),
        "skipped_to_count": ran.skipped_to_count,
        "why_not_skipped": ran.why_not_skipped,
        "answer": [_frame(frame) for frame in ran.answer] if command.get("answer") else None,
    }


def _peak_bytes() -> int:
    """The kernel's high-water mark of this program; `ru_maxrss` would be the parent's where that is larger."""
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _frame(frame: Any) -> dict[str, Any]:
    return {"boxes": frame.boxes.tolist(), "labels": frame.labels.tolist(), "scores": frame.scores.tolist()}


def _say(answers: TextIO, document: dict[str, Any]) -> None:
    answers.write(json.dumps(document) + "\n")
    answers.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
