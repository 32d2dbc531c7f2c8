"""A project with cases on disk, and in place of its endpoint a function that answers each request in its turn.

The answers are judged and kept by the flow's own code; only bundle, local AWS and deploy are left out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from deploy.async_client import Completed, Failed, Notification
from deploy.config import Project
from harness.cases import Demands
from harness.core.progress import Progress
from harness.goldens import Model, NotOfKindError
from harness.rehearsal import judging
from harness.rehearsal.answered import Source
from harness.rehearsal.golden import check, record
from harness.rehearsal.golden.asking import Options
from harness.rehearsal.judging import Judged
from harness.rehearsal.planning import Planned
from tests.harness.rehearsal.test_judging import ACCEPTED, NOW, SUCCESS

CONFIG = """
[project]
name = "flowers"
[[case]]
name = "rose"
file = "rose.bin"
expect.golden = "rose.golden.json"
expect.json_schema = "schema.json"
expect.max_seconds = 0.001
[[case]]
name = "lily"
file = "lily.bin"
[[case]]
name = "bad"
file = "lily.bin"
expect.status = "failed"
"""
Answer = tuple[bytes, str]


def project(folder: Path, extra: str = "") -> Path:
    for name in ("rose.bin", "lily.bin"):
        (folder / name).write_text(name)
    (folder / "schema.json").write_text(json.dumps({"type": ["object", "array", "number"]}))
    (folder / "rehearsal.toml").write_text(CONFIG + extra)
    return folder / "rehearsal.toml"


def options(config: Path, *cases: str) -> Options:
    return Options(config_path=config, cases=cases, state_dir=config.parent / "state")


def endpoint(monkeypatch: pytest.MonkeyPatch, *answers: Answer, weights: str = "b") -> None:
    """Each request gets the next of the answers, the last one again and again; `b""` is a failure."""

    def turns() -> Iterator[Answer]:
        yield from answers
        while True:
            yield answers[-1]

    for module in (check, record):
        monkeypatch.setattr(module, "ask", _asking(turns(), Source(Model(weights * 64, "c" * 64), "process")))


def _asking(turns: Iterator[Answer], source: Source) -> Callable[..., list[tuple[Judged, ...]]]:
    def ask(
        _: Any, project: Project, planned: Sequence[Planned], __: Progress, *, times: int = 1
    ) -> list[tuple[Judged, ...]]:
        return [tuple(_judged(each, *next(turns), project, source) for _ in range(times)) for each in planned]

    return ask


def _judged(planned: Planned, body: bytes, content_type: str, project: Project, source: Source) -> Judged:
    demands = Demands(1, 0.9, golden=project.golden, weights_sha256=source.model.weights_sha256)
    if not body:
        failed = Failed(ACCEPTED, b"no", 0.1, 0.1, Notification("error", {"invocationStatus": "Failed"}))
        return judging.judge(planned.case, failed, demands, NOW, planned.golden)
    outcome = Completed(ACCEPTED, body, content_type, 1.0, 0.1, SUCCESS)
    judged = judging.judge(planned.case, outcome, demands, NOW, planned.golden)
    try:
        return Judged(judged.record, judged.pictures, source.golden(planned.case, outcome))
    except NotOfKindError as error:
        return Judged(judged.record, unfit=str(error))
