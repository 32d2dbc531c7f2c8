from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.cloud.clients import local_client
from harness.cloud.localstack import EmbeddedCloud, start_embedded
from harness.sagemaker.alarms import CloudWatchAlarms, CloudWatchMetrics
from harness.sagemaker.assembly import Surroundings
from harness.sagemaker.cloud import S3Objects, SnsTopics
from harness.sagemaker.scaling.cloud_alarms import CloudWatchScalingAlarms
from harness.sagemaker.service import Emulator
from harness.sagemaker.settings import EmulatorSettings
from tests.e2e.conformance.lab import REGION, Lab, Obedient, ShiftedClock
from tests.harness.sagemaker.containers import Script, ScriptedRuntime

TIME_SCALE = 60.0


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
def lab(cloud: EmbeddedCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
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
    state_dir = tmp_path_factory.mktemp("conformance") / "state"
    with Emulator(EmulatorSettings(state_dir, cloud.url, time_scale=TIME_SCALE), around) as emulator:
        made = Lab(emulator.url, cloud.url, emulator, script, runtime, obedient, clock)
        made.prepare()
        yield made
