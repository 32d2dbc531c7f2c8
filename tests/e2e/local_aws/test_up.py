"""`harness up`, `status` and `down`, and the local AWS that they run, through the console script and the AWS CLI."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psutil
import pytest

from deploy.core.waiting import wait_until
from harness.local_cloud.clients import local_client
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


class Container(BaseHTTPRequestHandler):
    """What somebody runs by hand: it answers with what it was sent, backwards."""

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers["Content-Length"]))[::-1])

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def container() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Container) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_endpoints_are_served_by_a_container_that_somebody_else_runs(tmp_path: Path, container: str) -> None:
    up = run(tmp_path, str(HARNESS), "up", "--detach", "--runtime", container)
    try:
        assert up.returncode == 0, up.stderr
        found = record.require(tmp_path / ".rehearsal")
        region = found.region
        s3 = local_client("s3", endpoint_url=found.cloud_url, region=region)
        sagemaker = local_client("sagemaker", endpoint_url=found.sagemaker_url, region=region)
        runtime = local_client("sagemaker-runtime", endpoint_url=found.sagemaker_url, region=region)
        s3.create_bucket(Bucket="results")
        sagemaker.create_model(ModelName="m", PrimaryContainer={"Image": "mine:1"})
        sagemaker.create_endpoint_config(
            EndpointConfigName="c",
            ProductionVariants=[
                {"VariantName": "v", "ModelName": "m", "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
            ],
            AsyncInferenceConfig={"OutputConfig": {"S3OutputPath": "s3://results/out"}},
        )
        sagemaker.create_endpoint(EndpointName="e", EndpointConfigName="c")
        sagemaker.get_waiter("endpoint_in_service").wait(EndpointName="e", WaiterConfig={"Delay": 1})
        place = runtime.invoke_endpoint_async(EndpointName="e", Body=b"stressed")["OutputLocation"]
        key = place.removeprefix("s3://results/")
        s3.get_waiter("object_exists").wait(Bucket="results", Key=key, WaiterConfig={"Delay": 1})
        assert s3.get_object(Bucket="results", Key=key)["Body"].read() == b"desserts"
    finally:
        run(tmp_path, str(HARNESS), "down")


def test_a_dead_local_cloud_is_seen(stage: Path) -> None:
    found = record.require(stage / ".rehearsal")
    cloud = next(each for each in psutil.Process(found.pid).children() if "localstack_main" in " ".join(each.cmdline()))
    cloud.send_signal(signal.SIGKILL)
    seen = wait_until(
        lambda: status if (status := run(stage, str(HARNESS), "status")).returncode else None,
        what="the dead cloud to be seen",
        timeout_seconds=30,
    )
    assert seen.returncode == 3
    assert "the local cloud ended with exit code -9" in seen.stderr
    exported = run(stage, str(HARNESS), "up", "--export")
    assert (exported.returncode, exported.stdout) == (3, "")


def test_what_a_killed_keeper_had_started_ends_by_itself(stage: Path) -> None:
    os.kill(record.require(stage / ".rehearsal").pid, signal.SIGKILL)
    wait_until(
        lambda: None if processes_below(stage / ".rehearsal") else True,
        what="the children of a killed keeper to end",
        timeout_seconds=30,
    )


def test_a_killed_keeper_is_cleaned_up_by_the_next_up(stage: Path) -> None:
    os.kill(record.require(stage / ".rehearsal").pid, signal.SIGKILL)
    assert run(stage, str(HARNESS), "up", "--detach", "--runtime", "process").returncode == 0
    emulators = [
        process for process in processes_below(stage / ".rehearsal") if "harness.emulator" in process.cmdline()
    ]
    assert len(emulators) == 1
