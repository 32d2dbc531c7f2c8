"""`kill -9` of each part at random times: every accepted invocation reaches exactly one terminal outcome.

`REHEARSAL_KILL_SEEDS=50` is for the night: 50 seeds for each part, each with 200 jobs and three kills.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from deploy.core.waiting import wait_until
from harness.local_cloud.clients import local_client
from harness.local_cloud.localstack import EmbeddedCloud
from harness.processes import sweep
from tests.harness.emulator.campaigns import kills
from tests.harness.emulator.campaigns.kills import (
    BUCKET,
    KILLED,
    REGION,
    Inbox,
    Stage,
    create_endpoint,
    fresh_cloud,
    submit,
)
from tests.harness.emulator.emulator_process import EmulatorProcess

pytestmark = pytest.mark.e2e

# The default keeps everyday runs short: three seeds of one kill among 60 jobs.
SEEDS = int(os.environ.get("REHEARSAL_KILL_SEEDS", "3"))
JOBS, KILLS = (200, 3) if SEEDS > 3 else (60, 1)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedCloud]:
    with fresh_cloud(tmp_path_factory.mktemp("cloud")) as running:
        yield running


@pytest.fixture(scope="module", params=KILLED)
def stage(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, cloud: EmbeddedCloud
) -> Iterator[Stage]:
    with KILLED[request.param](tmp_path_factory.mktemp("kills"), cloud) as made:
        yield made


@pytest.mark.parametrize("seed", range(SEEDS))
def test_killed_at_random_times_nothing_is_lost_or_doubled(stage: Stage, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - chooses times, keeps no secret
    strikes = min(KILLS, stage.most_kills)
    accepted = kills.accepted_under_fire(stage, dice, jobs=JOBS, kills=strikes)
    found = kills.count(stage, accepted, strikes)
    print(f"seed {seed}: {found}")  # the figures of a night, with `pytest -s`


def test_containers_that_a_killed_emulator_left_are_ended_and_the_endpoint_returns(
    cloud: EmbeddedCloud, tmp_path: Path
) -> None:
    inbox = Inbox(cloud, f"orphan-{time.time_ns()}")
    emulator = EmulatorProcess(tmp_path, cloud.url, "process")
    emulator.start()
    stage = Stage(cloud, inbox, emulator.url, emulator.database)
    try:
        create_endpoint(emulator.url, inbox.topic, model_data=f"s3://{BUCKET}/echo.tar.gz")
        containers = psutil.Process(emulator.pid).children(recursive=True)
        assert containers
        emulator.kill()
        assert any(process.is_running() for process in containers), "a container outlives its emulator"
        emulator.start()
        _, alive = psutil.wait_procs(containers, timeout=20)
        assert alive == []
        accepted = submit(local_client("sagemaker-runtime", endpoint_url=emulator.url, region=REGION), 5)
        wait_until(lambda: stage.is_settled([accepted]), what="the outcome", timeout_seconds=90)
        assert stage.stored([accepted])[accepted.output] == b"5"
        assert emulator.stop() == 0
        assert list((emulator.state_dir / "instances").iterdir()) == []
    finally:
        emulator.end()
        sweep(emulator.state_dir)
