"""The container's environment: whose value wins, and what never gets in."""

from __future__ import annotations

from pathlib import Path

from harness.serving.stacks.contract.placement import Folders
from harness.serving.stacks.torchserve.container_environment import Ports, container_environment

FOLDERS = Folders(Path("/instance"), Path("/instance/tmp"))
PORTS = Ports(1001, 1002, 1003, 1004)


def made(inherited: dict[str, str] | None = None, **specified: str) -> dict[str, str]:
    return container_environment(
        inherited=inherited or {"PATH": "/bin"},
        specified=specified,
        folders=FOLDERS,
        ports=PORTS,
        java_home=Path("/java"),
        python_bin=Path("/venv/bin"),
        region="eu-west-1",
    )


def test_the_users_settings_win_over_the_image_and_the_sdk() -> None:
    environment = made(SAGEMAKER_PROGRAM="mine.py", LANG="C", TS_MAX_REQUEST_SIZE="100000000")
    assert environment["SAGEMAKER_PROGRAM"] == "mine.py"
    assert environment["LANG"] == "C"
    assert environment["TS_MAX_REQUEST_SIZE"] == "100000000"


def test_where_things_are_here_wins_over_the_user() -> None:
    environment = made(
        SAGEMAKER_BASE_DIR="/opt/ml", TEMP="/home/model-server/tmp", TS_INFERENCE_ADDRESS="http://0.0.0.0:8080"
    )
    assert environment["SAGEMAKER_BASE_DIR"] == "/instance/ml"
    assert environment["TEMP"] == "/instance/tmp"
    assert environment["TS_INFERENCE_ADDRESS"] == "http://127.0.0.1:1001"


def test_a_user_who_sets_nothing_gets_what_the_sdk_sets() -> None:
    environment = made()
    assert environment["SAGEMAKER_PROGRAM"] == "inference.py"
    assert environment["SAGEMAKER_SUBMIT_DIRECTORY"] == "/instance/ml/model/code"
    assert environment["SAGEMAKER_REGION"] == environment["AWS_REGION"] == "eu-west-1"
    assert "SAGEMAKER_MODEL_SERVER_WORKERS" not in environment


def test_there_is_no_aws_identity_but_what_the_user_gives() -> None:
    environment = made()
    assert not {"AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_SESSION_TOKEN"} & environment.keys()
    assert environment["AWS_SHARED_CREDENTIALS_FILE"] == "/dev/null"
    assert made(AWS_ACCESS_KEY_ID="test")["AWS_ACCESS_KEY_ID"] == "test"


def test_our_python_comes_first_on_path() -> None:
    assert made({"PATH": "/usr/bin"})["PATH"] == "/venv/bin:/usr/bin"


def test_every_address_is_on_the_loopback_interface() -> None:
    addresses = {name: value for name, value in made().items() if name.endswith("_ADDRESS")}
    assert len(addresses) == 3
    assert all(value.startswith("http://127.0.0.1:") for value in addresses.values())
