"""A worker takes its share of the cores, however the container is limited."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

import detector
from detector.core import server
from detector.io.video import decoder
from detector.speed import threads
from detector.speed.threads import Share, usable_cores, worker_count
from tests.handler.clips import ClipMaker

HANDLER = Path(detector.__file__).parents[1]


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    threads.share.cache_clear()
    yield
    threads.share.cache_clear()


@pytest.fixture
def sixteen_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(16)), raising=False)


@pytest.fixture
def torchserve(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "is_torchserve_worker", lambda: True)


def control_groups(root: Path, memberships: str, files: Mapping[str, str]) -> Path:
    """A machine's `/proc/self/cgroup`, and files below `/sys/fs/cgroup`."""
    for name, text in {"proc/self/cgroup": memberships, **{f"sys/fs/cgroup/{k}": v for k, v in files.items()}}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


@pytest.mark.usefixtures("sixteen_cores")
@pytest.mark.parametrize(
    ("memberships", "files", "cores"),
    [
        pytest.param("0::/\n", {"cpu.max": "max 100000\n"}, 16, id="version 2 without a limit"),
        pytest.param("0::/\n", {"cpu.max": "250000 100000\n"}, 2.5, id="version 2 in a container"),
        pytest.param("0::/\n", {"cpu.max": "6400000 100000\n"}, 16, id="more than there are"),
        pytest.param(
            "0::/a/b\n", {"a/b/cpu.max": "max 100000", "a/cpu.max": "400000 100000"}, 4, id="the group around"
        ),
        pytest.param("0::/a\n", {"a/cpu.max": "800000 100000", "cpu.max": "400000 100000"}, 4, id="the least counts"),
        pytest.param(
            "4:cpu,cpuacct:/docker/f00\n2:cpuset:/docker/f00\n0::/\n",
            {"cpu,cpuacct/cpu.cfs_quota_us": "150000\n", "cpu,cpuacct/cpu.cfs_period_us": "50000\n"},
            3,
            id="version 1 in a container, with the host's path",
        ),
        pytest.param(
            "1:cpu:/\n", {"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, 16, id="version 1, none"
        ),
        pytest.param(
            "3:cpuset:/\n", {"cpuset/cpu.cfs_quota_us": "100000", "cpuset/cpu.cfs_period_us": "100000"}, 16, id="other"
        ),
        pytest.param("0::/\n", {"cpu.max": "\n"}, 16, id="an empty file"),
        pytest.param("", {}, 16, id="no control groups"),
    ],
)
def test_the_cores_are_those_that_the_control_groups_grant(
    tmp_path: Path, memberships: str, files: Mapping[str, str], cores: float
) -> None:
    assert usable_cores(control_groups(tmp_path, memberships, files)) == cores


@pytest.mark.usefixtures("sixteen_cores")
def test_a_machine_without_these_files_has_its_schedulable_cores(tmp_path: Path) -> None:
    assert usable_cores(tmp_path) == 16


@pytest.mark.parametrize(
    ("share", "count", "text"),
    [
        (Share(4, 2), 2, "2 of 4 cores, 2 workers"),
        (Share(4), 4, "4 of 4 cores, 1 worker"),
        (Share(4, 3), 1, "1 of 4 cores, 3 workers"),
        (Share(2, 8), 1, "1 of 2 cores, 8 workers"),
        (Share(2.5, 1), 2, "2 of 2.5 cores, 1 worker"),
        (Share(0.5, 1), 1, "1 of 0.5 cores, 1 worker"),
    ],
)
def test_a_share_is_whole_cores_and_never_none(share: Share, count: int, text: str) -> None:
    assert (share.count, str(share)) == (count, text)


@pytest.mark.usefixtures("sixteen_cores", "torchserve")
def test_a_torchserve_that_was_told_nothing_starts_a_worker_a_core_or_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    _told(monkeypatch)
    assert worker_count(gpu_count=0) == 16
    assert worker_count(gpu_count=4) == 4


@pytest.mark.usefixtures("sixteen_cores")
def test_a_process_that_no_server_started_is_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    _told(monkeypatch)
    assert worker_count(gpu_count=0) == worker_count(gpu_count=4) == 1


@pytest.mark.usefixtures("sixteen_cores")
@pytest.mark.parametrize(("workers", "skipping", "decoding"), [(1, 16, 16), (4, 4, 5), (8, 2, 3), (16, 1, 1)])
def test_ffmpeg_decodes_with_the_share(
    monkeypatch: pytest.MonkeyPatch, clips: ClipMaker, workers: int, skipping: int, decoding: int
) -> None:
    pytest.importorskip("av")
    monkeypatch.setattr(threads, "share", lambda: Share(16, workers))
    assert decoder.one_thread_a_core() == skipping
    with decoder.opened(str(clips.whole("h264.mp4"))) as source:
        assert source.decoder.thread_count == decoding
        assert source.rewound(skipping)
        assert source.decoder.thread_count == skipping


_PROGRAM = """
import json, logging, sys
logging.basicConfig(stream=sys.stderr, level="INFO", format="%(message)s")
import torch
chosen = torch.get_num_threads()
from detector.speed import threads
threads.keep_to_share()
torch.randn(256, 256) @ torch.randn(256, 256)
print(json.dumps({"chosen": chosen, "kept": torch.get_num_threads()}))
"""


def computed(**environment: str) -> tuple[dict[str, int], str]:
    """The numbers of a process of its own, since torch's threads are the process's, and what it logged."""
    inherited = {name: value for name, value in os.environ.items() if "WORKERS" not in name}
    inherited.pop("OMP_NUM_THREADS", None)
    ran = subprocess.run(
        [sys.executable, "-c", _PROGRAM],
        env={**inherited, "PYTHONPATH": str(HANDLER), **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(ran.stdout), ran.stderr


def test_torch_computes_with_the_share_and_says_so() -> None:
    cores = threads.schedulable_cores()
    numbers, logged = computed(SAGEMAKER_MODEL_SERVER_WORKERS=str(cores))
    assert numbers["kept"] == 1
    assert f"threads: {Share(usable_cores(), cores)}; 1 for torch, by the share" in logged


def test_a_worker_alone_keeps_what_torch_chose() -> None:
    if usable_cores() < threads.schedulable_cores():
        pytest.skip("a control group grants less than the cores that torch counts")
    numbers, _ = computed(SAGEMAKER_MODEL_SERVER_WORKERS="1")
    assert numbers["kept"] == numbers["chosen"]


def test_the_operators_number_of_threads_wins() -> None:
    numbers, logged = computed(SAGEMAKER_MODEL_SERVER_WORKERS="64", OMP_NUM_THREADS="2")
    assert numbers == {"chosen": 2, "kept": 2}
    assert "by OMP_NUM_THREADS" in logged


def _told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "told_workers", lambda: None)
