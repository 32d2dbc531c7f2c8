"""The benchmark suites inside the compatible image, started as a user starts them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.container.boxed import container_user
from benchmarks.contestants.worker import ROOT
from deploy.core.waiting import wait_until
from harness.docker.engine import SESSION_LABEL, Engine
from harness.serving.images.pinned import require_image
from harness.serving.images.recipe import COMPATIBLE_IMAGE

pytestmark = [pytest.mark.container, pytest.mark.timeout(900)]

COMMAND = [sys.executable, "-m", "benchmarks.in_container", COMPATIBLE_IMAGE, "--suite", "counters"]


@pytest.fixture(autouse=True)
def ffmpeg() -> None:
    if shutil.which("ffmpeg") is None:
        reason = "ffmpeg is not installed, and clips are made before the container starts"
        pytest.fail(reason) if os.environ.get("FAIL_WITHOUT_FFMPEG") else pytest.skip(reason)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A small extent, and a temporary folder of its own that must be empty afterwards."""
    (tmp_path / "tmp").mkdir()
    small = {"REHEARSAL_BENCH_FRAMES": "3", "OMP_NUM_THREADS": "2"}
    return {**os.environ, **small, "TMPDIR": str(tmp_path / "tmp")}


def started(environment: dict[str, str], results: Path, *arguments: str) -> subprocess.Popen[str]:
    command = [*COMMAND, "--results", str(results), *arguments]
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def ended(process: subprocess.Popen[str], engine: Engine, environment: dict[str, str]) -> tuple[int, str]:
    """Exit code and output; nothing of the run may be left."""
    said, _ = process.communicate()
    assert engine.labelled(SESSION_LABEL, f"benchmarks-{process.pid}") == []
    assert list(Path(environment["TMPDIR"]).iterdir()) == []
    return process.returncode, said


def test_counters_are_the_same_hard_gates_in_the_image_and_the_result_says_where_it_is_from(
    engine: Engine, environment: dict[str, str], tmp_path: Path
) -> None:
    code, said = ended(started(environment, tmp_path / "results"), engine, environment)
    assert code == 0, said
    document = json.loads((tmp_path / "results" / "benchmark.json").read_text(encoding="utf-8"))
    where = document["machine_info"]["rehearsal"]
    assert where["image_digest"] == require_image(engine, COMPATIBLE_IMAGE).digest
    assert (where["assurance"], where["torch"].split("+")[0]) == ("compatible", "2.6.0")
    assert where["av"] == "18.1.0", "what the image has is measured, and the wheels of the bundle"
    assert set(document["commit_info"]) <= {"id", "time", "dirty"}
    counted = {name: value for each in document["benchmarks"] for name, value in each["extra_info"].items()}
    assert counted["item_count"] == 0
    assert len(document["benchmarks"]) == 3


def test_the_exit_code_is_pytests_own(engine: Engine, environment: dict[str, str], tmp_path: Path) -> None:
    code, said = ended(started(environment, tmp_path / "results", "--no-such-option"), engine, environment)
    assert code == pytest.ExitCode.USAGE_ERROR, said


def test_an_interrupted_run_leaves_no_container_and_had_neither_root_nor_network(
    engine: Engine, environment: dict[str, str], tmp_path: Path
) -> None:
    process = started(environment, tmp_path / "results")
    label = f"benchmarks-{process.pid}"
    container_id = wait_until(lambda: running(engine, label), what="the container to run", timeout_seconds=300)
    seen: Any = engine.client.api.inspect_container(container_id)
    process.send_signal(signal.SIGINT)
    code, said = ended(process, engine, environment)
    assert code == 130, said
    assert "interrupted; the container is removed" in said
    assert seen["Config"]["User"] == "{}:{}".format(*container_user(os.getuid(), os.getgid()))
    assert (seen["HostConfig"]["NetworkMode"], seen["HostConfig"]["ReadonlyRootfs"]) == ("none", True)
    modes = {mount["Destination"]: mount["RW"] for mount in seen["Mounts"]}
    assert (modes["/repository"], modes["/lent"], modes["/results"]) == (False, False, True)


def running(engine: Engine, label: str) -> str | None:
    """The id of the one container with this label, once it runs."""
    for item in engine.labelled(SESSION_LABEL, label):
        state = engine.state(item.id)
        if state is not None and state.status == "running":
            return item.id
    return None
