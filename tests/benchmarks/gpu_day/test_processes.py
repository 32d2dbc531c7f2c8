"""A step's process: what it had measured when its time was over or it failed, and that nothing of it stays."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.gpu_day import processes
from benchmarks.gpu_day.processes import Visit
from benchmarks.gpu_day.steps.table import step_of

FACTS = step_of("facts")
HANGS = """
import subprocess, sys, time
from pathlib import Path

def measure(record, inputs, extent):
    record.row("first", value=1, unit="GB/s")
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    Path(inputs.folder, "child").write_text(str(child.pid))
    time.sleep(600)
"""
FAILS = """
def measure(record, inputs, extent):
    record.row("first", value=1, unit="GB/s")
    raise RuntimeError("the card fell off the bus")
"""


@pytest.fixture
def visit(tmp_path: Path) -> Visit:
    return Visit(tmp_path / "out", tmp_path, "cpu", True, tmp_path / "site")


def stepping_in(visit: Visit, source: str) -> Visit:
    """The steps' module `facts` is replaced by `source` in the step's own process: it starts with the site's."""
    assert visit.site is not None
    visit.out.mkdir()
    visit.site.mkdir()
    (visit.site / "sitecustomize.py").write_text(
        "import sys, types\n"
        "module = types.ModuleType('benchmarks.gpu_day.steps.facts')\n"
        f"exec({source!r}, module.__dict__)\n"
        "sys.modules[module.__name__] = module\n"
    )
    return visit


def is_alive(process_id: int) -> bool:
    status = Path(f"/proc/{process_id}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z"


def test_a_step_whose_time_is_over_keeps_its_rows_and_leaves_no_process(visit: Visit) -> None:
    document = processes.run(FACTS, stepping_in(visit, HANGS), 20)
    assert (document["status"], [row["name"] for row in document["rows"]]) == ("cut", ["first"])
    child = int((visit.inputs / "child").read_text())
    deadline = time.monotonic() + 10
    while is_alive(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_alive(child)
    assert [path.name for path in visit.out.glob("*.json")] == ["facts.json"]


def test_a_step_that_fails_keeps_its_rows_and_says_why(visit: Visit) -> None:
    document = processes.run(FACTS, stepping_in(visit, FAILS), 60)
    assert (document["status"], len(document["rows"])) == ("failed", 1)
    assert document["error"][-1] == "RuntimeError: the card fell off the bus"


def test_the_cpu_is_measured_although_there_is_a_gpu_and_our_packages_come_first(visit: Visit) -> None:
    environment = visit.environment()
    assert environment["CUDA_VISIBLE_DEVICES"] == ""
    assert environment["PYTHONPATH"].split(os.pathsep)[2] == str(visit.site)
    assert replace(visit, device="cuda").environment().get("CUDA_VISIBLE_DEVICES") == os.environ.get(
        "CUDA_VISIBLE_DEVICES"
    )
