"""`harness up`, `status` and `down`, and the local AWS that they run, through the console script and the AWS CLI."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from deploy.core.waiting import wait_until
from harness.local_environment import record
from tests.e2e.runs import HARNESS, processes_below

pytestmark = pytest.mark.e2e

AWS = Path(sys.executable).with_name("aws")


def run(folder: Path, *words: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words, cwd=folder, env=environment or dict(os.environ), capture_output=True, text=True, timeout=200, check=False
    )


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Path]:
    """A folder in which a local AWS runs."""
    up = run(tmp_path, str(HARNESS), "up", "--detach", "--runtime", "process", "--output", "json")
    assert up.returncode == 0, up.stderr
    yield tmp_path
    run(tmp_path, str(HARNESS), "down")
    assert processes_below(tmp_path / ".rehearsal") == []


def test_export_points_the_aws_cli_at_the_local_aws(stage: Path) -> None:
    exported = run(stage, str(HARNESS), "up", "--export").stdout
    script = f"{exported}\n{AWS} sagemaker list-endpoints --output json && {AWS} s3 mb s3://some-bucket"
    answer = run(stage, "bash", "-euc", script)
    assert answer.returncode == 0, answer.stderr
    assert '"Endpoints": []' in answer.stdout


def test_the_config_file_has_a_profile_that_works(stage: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment |= {"AWS_CONFIG_FILE": str(stage / ".rehearsal" / "up" / "aws-config"), "AWS_PROFILE": "rehearsal"}
    answer = run(stage, str(AWS), "sagemaker", "list-models", "--output", "json", environment=environment)
    assert json.loads(answer.stdout) == {"Models": []}, answer.stderr


def test_no_other_user_can_read_its_state(tmp_path: Path) -> None:
    script = f"umask 0; {HARNESS} up --detach --runtime process; {HARNESS} down"
    done = run(tmp_path, "bash", "-ec", script)
    assert done.returncode == 0, done.stderr
    state = tmp_path / ".rehearsal"
    assert state.stat().st_mode & 0o077 == 0
    left = [path for path in state.rglob("*") if path.suffix in (".sqlite", ".json") or path.name == "aws-config"]
    assert len(left) >= 2
    assert [path for path in left if path.stat().st_mode & 0o077] == []


def test_a_second_one_in_the_same_folder_is_refused(stage: Path) -> None:
    second = run(stage, str(HARNESS), "up", "--detach")
    assert second.returncode == 2
    assert "harness down" in second.stderr


def test_an_emulator_that_dies_is_started_again_at_the_same_address(stage: Path) -> None:
    found = record.require(stage / ".rehearsal")
    emulator = next(
        process for process in psutil.Process(found.pid).children() if "harness.emulator" in " ".join(process.cmdline())
    )
    emulator.send_signal(signal.SIGKILL)
    emulator.wait(10)
    answered = wait_until(
        lambda: run(stage, str(HARNESS), "status").returncode == 0 or None, what="the emulator", timeout_seconds=30
    )
    assert answered
    assert record.require(stage / ".rehearsal").sagemaker_url == found.sagemaker_url


def test_down_ends_everything_and_status_then_says_so(stage: Path) -> None:
    assert run(stage, str(HARNESS), "down").stdout.startswith("ended the local AWS")
    assert processes_below(stage / ".rehearsal") == []
    status = run(stage, str(HARNESS), "status")
    assert status.returncode == 3
    assert "harness up" in status.stderr


def test_a_killed_keeper_is_cleaned_up_by_the_next_up(stage: Path) -> None:
    os.kill(record.require(stage / ".rehearsal").pid, signal.SIGKILL)
    assert run(stage, str(HARNESS), "up", "--detach", "--runtime", "process").returncode == 0
    emulators = [
        process for process in processes_below(stage / ".rehearsal") if "harness.emulator" in process.cmdline()
    ]
    assert len(emulators) == 1
