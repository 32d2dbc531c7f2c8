"""What local mode's compose file becomes before it is used; and that local mode still has the steps we take."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest

from harness.serving.images.sagemaker_sdk import sdk
from harness.serving.runtimes.docker_limits import MachineLimits
from harness.serving.runtimes.docker_local_mode import ServeRequest, _open_session, adapt, cause_of


def request(**changes: Any) -> ServeRequest:
    known: dict[str, Any] = {
        "name": "rehearsal-one",
        "image": "some/image:1",
        "model_data_url": "s3://bucket/model.tar.gz",
        "environment": {},
        "serving_port": 31415,
        "container_root": Path("/instance"),
        "s3_endpoint_url": "http://127.0.0.1:4566",
        "region": "us-east-1",
        "docker_host": "unix:///var/run/docker.sock",
        "labels": {"rehearsal.session": "abc"},
    }
    return ServeRequest(**{**known, **changes})


def generated() -> dict[str, Any]:
    return {
        "version": "2.3",
        "services": {
            "algo-1-abcde": {
                "image": "some/image:1",
                "command": "serve",
                "container_name": "random-algo-1-abcde",
                "stdin_open": True,
                "tty": True,
                "volumes": ["/instance/model:/opt/ml/model"],
                "environment": ["AWS_ACCESS_KEY_ID=test", "PRICE=5$ and ${HOME}"],
                "networks": {"sagemaker-local": {"aliases": ["algo-1-abcde"]}},
                "ports": ["31415:8080"],
                "labels": {"rehearsal.session": "abc"},
            }
        },
        "networks": {"sagemaker-local": {"name": "sagemaker-local"}},
    }


def test_the_port_is_published_on_the_loopback_interface_only() -> None:
    (service,) = adapt(generated(), request())["services"].values()
    assert service["ports"] == ["127.0.0.1:31415:8080"]


def test_compose_expands_nothing_in_the_environment() -> None:
    (service,) = adapt(generated(), request())["services"].values()
    assert service["environment"][1] == "PRICE=5$$ and $${HOME}"


def test_the_model_is_mounted_read_only_and_the_server_has_no_terminal() -> None:
    (service,) = adapt(generated(), request())["services"].values()
    assert service["volumes"] == ["/instance/model:/opt/ml/model:ro"]
    assert (service["tty"], service["stdin_open"]) == (False, False)


def test_the_network_is_the_instance_s_own_and_carries_its_labels() -> None:
    adapted = adapt(generated(), request())
    assert adapted["networks"] == {"sagemaker-local": {"name": "rehearsal-one", "labels": {"rehearsal.session": "abc"}}}
    (service,) = adapted["services"].values()
    assert service["container_name"] == "rehearsal-one"


def test_adapting_leaves_what_it_was_given_alone() -> None:
    content = generated()
    adapt(content, request())
    assert content == generated()


def test_local_mode_still_has_the_steps_that_are_taken_one_by_one(tmp_path: Path) -> None:
    container = sdk("local.image")._SageMakerContainer
    assert list(inspect.signature(container.__init__).parameters)[1:5] == [
        "instance_type",
        "instance_count",
        "image",
        "sagemaker_session",
    ]
    assert list(inspect.signature(container._generate_compose_file).parameters)[1:] == [
        "command",
        "additional_volumes",
        "additional_env_vars",
    ]
    assert "detached" in inspect.signature(container._compose).parameters
    assert sdk("local.image")._Volume("/here", "/there").map == "/here:/there"


def test_limits_and_labels_reach_local_mode_through_its_own_settings() -> None:

    session = _open_session(request(limits=MachineLimits(cpus=4.0, memory_bytes=2**30)))
    local = session.config["local"]
    assert local["serving_port"] == 31415
    assert local["container_config"] == {
        "labels": {"rehearsal.session": "abc"},
        "cpus": 4.0,
        "mem_limit": 2**30,
        "memswap_limit": 2**30,
    }
    credentials = session.boto_session.get_credentials()
    assert (credentials.access_key, credentials.secret_key) == ("test", "test")


def test_a_user_s_profile_is_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:

    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "https://s3.example")
    session = _open_session(request())
    assert session.s3_client.meta.endpoint_url == "http://127.0.0.1:4566"


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        (
            "Creating x\nERROR: for x  Cannot start x: no gpu\nEncountered errors while bringing up the project.",
            "ERROR: for x  Cannot start x: no gpu",
        ),
        (" Container x  Starting\nError response from daemon: no gpu\n", "Error response from daemon: no gpu"),
        ("no configuration file provided\n", "no configuration file provided"),
        ("", "compose said nothing"),
    ],
)
def test_the_cause_is_found_in_what_either_compose_says(said: str, cause: str) -> None:
    assert cause_of(said) == cause
