"""The subject of the conformance checks: this emulator, or moto's server (`--against moto`) to see the difference."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from botocore.exceptions import EndpointConnectionError

from harness.cloud.clients import local_client
from harness.cloud.localstack import EmbeddedCloud, start_embedded
from harness.ports import ReservedPort
from harness.processes import start_process
from harness.sagemaker.alarms import CloudWatchAlarms, CloudWatchMetrics
from harness.sagemaker.assembly import Surroundings
from harness.sagemaker.cloud import S3Objects, SnsTopics
from harness.sagemaker.scaling.cloud_alarms import CloudWatchScalingAlarms
from harness.sagemaker.service import Emulator
from harness.sagemaker.settings import EmulatorSettings
from harness.state import inherited_environment
from harness.waiting import wait_until
from tests.e2e.conformance.lab import REGION, Lab, Obedient, ShiftedClock
from tests.harness.sagemaker.containers import Script, ScriptedRuntime

TIME_SCALE = 60.0


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--against", choices=["emulator", "moto"], default="emulator", help="the conformance checks' subject"
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedCloud]:
    with start_embedded(state_dir=tmp_path_factory.mktemp("conformance-cloud"), region=REGION) as running:
        yield running


@pytest.fixture(scope="session")
def lab(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("conformance")
    if request.config.getoption("--against", default="emulator") == "moto":
        subject = against_moto(folder)
    else:
        subject = against_the_emulator(folder, request.getfixturevalue("cloud"))
    with subject as made:
        made.prepare()
        yield made


@contextmanager
def against_the_emulator(folder: Path, cloud: EmbeddedCloud) -> Iterator[Lab]:
    obedient, clock = Obedient(), ShiftedClock()
    script = Script(obedient.answer)
    runtime = ScriptedRuntime(script)
    cloudwatch = local_client("cloudwatch", endpoint_url=cloud.url, region=REGION)
    around = Surroundings(
        S3Objects(local_client("s3", endpoint_url=cloud.url, region=REGION)),
        SnsTopics(local_client("sns", endpoint_url=cloud.url, region=REGION)),
        CloudWatchAlarms(cloudwatch),
        CloudWatchScalingAlarms(cloudwatch),
        CloudWatchMetrics(cloudwatch),
        runtime,
        clock,
    )
    settings = EmulatorSettings(folder / "state", cloud.url, time_scale=TIME_SCALE, instance_quota=100)
    with Emulator(settings, around) as emulator:
        yield Lab(emulator.url, cloud.url, emulator, script, runtime, obedient, clock)


@contextmanager
def against_moto(folder: Path) -> Iterator[Lab]:
    """moto's server stands for the cloud and for SageMaker; no container runs, and nothing is waited for long."""
    obedient = Obedient()
    script = Script(obedient.answer)
    with ReservedPort() as port:
        command = [sys.executable, "-m", "moto.server", "-p", str(port.port)]
        started = start_process(
            command, what="moto", state_dir=folder, log_path=folder / "moto.log",
            environment=inherited_environment(), cwd=folder,
        )  # fmt: skip
        url = f"http://127.0.0.1:{port.port}"
        with started as child:
            made = Lab(url, url, None, script, ScriptedRuntime(script), obedient, ShiftedClock(), patience_seconds=3)
            wait_until(lambda: _answers(made) or child.exit_code(), what="moto", timeout_seconds=60, every_seconds=0.5)
            yield made


def _answers(lab: Lab) -> bool | None:
    try:
        lab.s3.list_buckets()
    except EndpointConnectionError:
        return None
    return True
