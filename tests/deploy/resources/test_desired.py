"""The same inputs mean the same resources; other inputs mean other names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.validate import validate_parameters

from deploy.aws import LOCAL_ACCOUNT, LOCAL_ROLE
from deploy.resources.desired_state import Desired, desired_state_of
from tests.deploy.projects import write_bundle


def desired(folder: Path, *, seed: int = 0, extra: str = "") -> Desired:
    project, bundle = write_bundle(folder, seed=seed, extra=extra)
    return desired_state_of(project, bundle, LOCAL_ACCOUNT, LOCAL_ROLE)


def test_names_are_addresses_of_contents(tmp_path: Path) -> None:
    wanted = desired(tmp_path)
    assert wanted.model.name == wanted.endpoint_config.name == f"demo-{wanted.release}"
    assert len(wanted.release) == 12
    assert wanted.bundle.key == f"models/{wanted.bundle.sha256}/model.tar.gz"
    assert wanted.endpoint.name == "demo"


def test_equal_projects_in_other_folders_are_the_same_release(tmp_path: Path) -> None:
    assert desired(tmp_path / "a").release == desired(tmp_path / "b").release


@pytest.mark.parametrize(
    "extra",
    [
        "[handler.environment]\nA = 1\n",
        "[endpoint]\ninstance_type = 'ml.g5.xlarge'\n",
        "[endpoint]\ninitial_instance_count = 2\n",
        "[notifications]\ninclude_response_in = []\n",
        "[storage]\noutput = 'elsewhere'\n",
    ],
)
def test_other_settings_are_another_release(tmp_path: Path, extra: str) -> None:
    assert desired(tmp_path / "a").release != desired(tmp_path / "b", extra=extra).release


def test_other_weights_are_another_release(tmp_path: Path) -> None:
    assert desired(tmp_path / "a").release != desired(tmp_path / "b", seed=1).release


def test_an_endpoints_name_is_no_part_of_the_release(tmp_path: Path) -> None:
    assert desired(tmp_path / "a").release == desired(tmp_path / "b", extra="[endpoint]\nname = 'x'\n").release


def requests(wanted: Desired) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        ("s3", "CreateBucket", wanted.bucket.request()),
        ("s3", "PutObject", wanted.bundle.request()),
        ("sns", "CreateTopic", wanted.success_topic.request()),
        ("sagemaker", "CreateModel", wanted.model.request()),
        ("sagemaker", "CreateEndpointConfig", wanted.endpoint_config.request()),
        ("sagemaker", "CreateEndpoint", wanted.endpoint.request()),
    ]


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1"])
def test_every_request_fits_botocores_model(tmp_path: Path, region: str) -> None:
    session = botocore.session.get_session()
    for service, operation, request in requests(desired(tmp_path, extra=f"[endpoint]\nregion = '{region}'\n")):
        shape = session.get_service_model(service).operation_model(operation).input_shape
        assert shape is not None
        validate_parameters(request, shape)


def test_the_endpoint_is_asynchronous_and_tells_both_topics(tmp_path: Path) -> None:
    wanted = desired(tmp_path)
    assert wanted.endpoint_config.request()["AsyncInferenceConfig"] == {
        "ClientConfig": {"MaxConcurrentInvocationsPerInstance": 1},
        "OutputConfig": {
            "S3OutputPath": f"s3://{wanted.bucket.name}/async/output",
            "S3FailurePath": f"s3://{wanted.bucket.name}/async/failure",
            "NotificationConfig": {
                "SuccessTopic": f"arn:aws:sns:us-east-1:{LOCAL_ACCOUNT}:demo-success",
                "ErrorTopic": f"arn:aws:sns:us-east-1:{LOCAL_ACCOUNT}:demo-error",
                "IncludeInferenceResponseIn": ["ERROR_NOTIFICATION_TOPIC"],
            },
        },
    }


def test_no_volume_key_is_set_because_nvme_instances_refuse_it(tmp_path: Path) -> None:
    assert "KmsKeyId" not in desired(tmp_path).endpoint_config.request()


def test_a_real_time_endpoint_has_nothing_of_asynchronous_inference(tmp_path: Path) -> None:
    queued, realtime = (
        desired(tmp_path / mode, extra=f"[endpoint]\nmode = '{mode}'\n") for mode in ("async", "realtime")
    )
    assert "AsyncInferenceConfig" in queued.endpoint_config.request()
    assert "AsyncInferenceConfig" not in realtime.endpoint_config.request()
    assert queued.release != realtime.release
