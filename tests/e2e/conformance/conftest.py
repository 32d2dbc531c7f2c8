"""The subject of the conformance checks, by option.

--against emulator                      this emulator with a scripted container (the default)
--against emulator --container toolkit  this emulator with the obedient model in TorchServe, as AWS would run it
--against moto                          moto's server, for comparison
--against aws                           AWS itself; see `aws`
"""

from __future__ import annotations

import os
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from botocore.credentials import Credentials
from botocore.exceptions import EndpointConnectionError

from deploy.core.waiting import wait_until
from harness.core.state import inherited_environment
from harness.emulator.app import Cloud, Dependencies
from harness.emulator.context.cloud import S3Objects, SnsTopics
from harness.emulator.context.settings import EmulatorSettings
from harness.emulator.metrics.cloudwatch import CloudWatchAlarms, CloudWatchMetrics
from harness.emulator.scaling.cloud_alarms import CloudWatchScalingAlarms
from harness.emulator.server import Emulator
from harness.local_cloud.clients import dummy_credentials, local_client
from harness.local_cloud.localstack import EmbeddedCloud, start_embedded
from harness.processes import start_process
from harness.processes.ports import ReservedPort
from harness.serving.instances.runtime import Runtime
from harness.serving.runtimes.process import ProcessRuntime
from harness.serving.stacks.torchserve import TORCHSERVE
from tests.e2e.conformance.lab import aws
from tests.e2e.conformance.lab.deleting import Run
from tests.e2e.conformance.lab.lab import Lab
from tests.e2e.conformance.lab.ledger import Ledger
from tests.e2e.conformance.lab.models import model_lab
from tests.e2e.conformance.lab.needs import why_not
from tests.e2e.conformance.lab.place import Place
from tests.e2e.conformance.lab.scripted import Obedient, ShiftedClock
from tests.harness.emulator.containers import Script, ScriptedRuntime

REGION = "eu-west-1"
TIME_SCALE = 60.0
_EMULATED = ("sagemaker", "sagemaker-runtime", "application-autoscaling", "logs")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--against", choices=["emulator", "moto", "aws"], default="emulator", help="the conformance checks' subject"
    )
    parser.addoption(
        "--container", choices=["scripted", "toolkit"], default="scripted", help="what the emulator's endpoints serve"
    )
    for name, text in aws.SETTINGS.items():
        parser.addoption(f"--aws-{name}", help=f"{text} (or {aws.variable(name)})")
    parser.addoption("--aws-sweep", action="store_true", help="delete what an interrupted run on AWS left behind")


def subject_of(config: pytest.Config) -> str:
    against: str = config.getoption("--against", default="emulator")
    is_toolkit = against == "emulator" and config.getoption("--container", default="scripted") == "toolkit"
    return "toolkit" if is_toolkit else against


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "needs(abilities): what a conformance check needs of its subject")
    if subject_of(config) == "aws":
        aws_settings(config)


def aws_settings(config: pytest.Config) -> aws.AwsSettings:
    return aws.read(config.getoption, os.environ)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    subject = subject_of(config)
    for item in items:
        if here in item.path.parents:
            is_live = subject == "aws" and "lab" in getattr(item, "fixturenames", ())
            item.add_marker(pytest.mark.live if is_live else pytest.mark.e2e)
            if is_live:
                item.add_marker(pytest.mark.timeout(0), append=False)  # the run has a limit of its own, which cleans up
            if reason := why_not(item, subject):
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedCloud]:
    with start_embedded(state_dir=tmp_path_factory.mktemp("conformance-cloud"), region=REGION) as running:
        yield running


@pytest.fixture(scope="session")
def lab(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("conformance")
    subject = subject_of(request.config)
    if subject == "moto":
        opened = against_moto(folder)
    elif subject == "aws":
        opened = aws.against_aws(
            aws_settings(request.config), request.config.rootpath,
            sweep=request.config.getoption("--aws-sweep"), say=teller(request.config),
        )  # fmt: skip
    elif subject == "toolkit":
        opened = against_the_emulator_with_models(folder, request.getfixturevalue("cloud"))
    else:
        opened = against_the_emulator(folder, request.getfixturevalue("cloud"))
    with opened as made:
        made.prepare()
        yield made


def teller(config: pytest.Config) -> Callable[[str], None]:
    """Return a function that writes to the terminal despite output capture."""
    capture = config.pluginmanager.getplugin("capturemanager")

    def say(text: str) -> None:
        with capture.global_and_fixture_disabled():
            print(f"\n{text}", file=sys.stderr, flush=True)

    return say


@pytest.fixture(autouse=True)
def few_instances(request: pytest.FixtureRequest) -> Iterator[None]:
    """Delete a check's own endpoints when it ends, where containers are real."""
    made: Lab | None = request.getfixturevalue("lab") if "lab" in request.fixturenames else None
    ledger = made.ledger if made else None
    before = ledger.endpoints() if ledger else frozenset()
    yield
    if ledger:
        ledger.delete(ledger.endpoints() - before)


def clients_of(emulator_url: str, cloud_url: str) -> Callable[[str], Any]:
    def client(service: str) -> Any:
        return local_client(service, endpoint_url=emulator_url if service in _EMULATED else cloud_url, region=REGION)

    return client


def local_place(emulator_url: str, cloud_url: str, **more: Any) -> Place:
    environment = {
        "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": emulator_url,
        "AWS_ENDPOINT_URL_SAGEMAKER": emulator_url,
        "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS": emulator_url,
        "AWS_DEFAULT_REGION": REGION,
        **dummy_credentials(),
    }
    return Place(clients_of(emulator_url, cloud_url), client_environment=environment, **more)


def dependencies(cloud: EmbeddedCloud, runtime: Runtime, clock: ShiftedClock) -> Dependencies:
    cloudwatch = local_client("cloudwatch", endpoint_url=cloud.url, region=REGION)
    parts_of_cloud = Cloud(
        S3Objects(local_client("s3", endpoint_url=cloud.url, region=REGION)),
        SnsTopics(local_client("sns", endpoint_url=cloud.url, region=REGION)),
        CloudWatchAlarms(cloudwatch),
        CloudWatchScalingAlarms(cloudwatch),
        CloudWatchMetrics(cloudwatch),
    )
    return Dependencies(parts_of_cloud, runtime, clock)


@contextmanager
def against_the_emulator(folder: Path, cloud: EmbeddedCloud) -> Iterator[Lab]:
    obedient, clock = Obedient(), ShiftedClock()
    script = Script(obedient.answer)
    runtime = ScriptedRuntime(script)
    settings = EmulatorSettings(folder / "state", cloud.url, time_scale=TIME_SCALE, instance_quota=100)
    with Emulator(settings, dependencies(cloud, runtime, clock)) as emulator:
        yield Lab(local_place(emulator.url, cloud.url), emulator, script, runtime, obedient, clock)


@contextmanager
def against_the_emulator_with_models(folder: Path, cloud: EmbeddedCloud) -> Iterator[Lab]:
    """Run like `--against aws`, with its model, ledger and names, against the emulator and the local cloud."""
    clock, state_dir = ShiftedClock(), folder / "state"
    s3 = local_client("s3", endpoint_url=cloud.url, region=REGION)
    settings = EmulatorSettings(state_dir, cloud.url, time_scale=TIME_SCALE, stop_grace_seconds=5)
    with Emulator(settings, dependencies(cloud, ProcessRuntime(state_dir, s3, TORCHSERVE), clock)) as emulator:
        run = Run(
            f"rehearsal-{uuid.uuid4().hex[:8]}-", "models", "conformance/", REGION, "000000000000", has_logs=False
        )
        s3.create_bucket(Bucket=run.bucket, CreateBucketConfiguration={"LocationConstraint": REGION})  # type: ignore[typeddict-item]  # a known region
        place = local_place(
            emulator.url, cloud.url, bucket=run.bucket, folder=run.folder, prefix=run.prefix,
            role_arn="arn:aws:iam::000000000000:role/conformance", credentials=Credentials("test", "test"), slowness=4,
        )  # fmt: skip
        ledger = Ledger(folder / "ledger.json", run, place.client)
        with model_lab(place, ledger, emulator, clock) as made:
            yield made


@contextmanager
def against_moto(folder: Path) -> Iterator[Lab]:
    """Use moto's server as the cloud and as SageMaker; no container runs, so waits are short."""
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
            place = local_place(url, url, patience_seconds=3)
            made = Lab(place, None, script, ScriptedRuntime(script), obedient, ShiftedClock())
            wait_until(lambda: _answers(made) or child.exit_code(), what="moto", timeout_seconds=60, every_seconds=0.5)
            yield made


def _answers(lab: Lab) -> bool | None:
    try:
        lab.s3.list_buckets()
    except EndpointConnectionError:
        return None
    return True
