"""Clients: never AWS by accident, and no foreign exception gets out."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from botocore import exceptions
from botocore.exceptions import BotoCoreError, ClientError

from deploy.aws import Clients, Target, aws_errors
from deploy.core.errors import AwsRefused

LOCAL = Target.local("us-east-1", cloud_url="http://127.0.0.1:1", sagemaker_url="http://127.0.0.1:2")


def test_a_local_target_ignores_the_users_aws_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "config").write_text("[default]\nregion = eu-west-1\nendpoint_url = https://aws.example.org\n")
    for name, value in {
        "AWS_PROFILE": "there-is-none",
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_ENDPOINT_URL": "https://aws.example.org",
        "AWS_ACCESS_KEY_ID": "REAL",
        "HTTP_PROXY": "http://127.0.0.1:9",
    }.items():
        monkeypatch.setenv(name, value)
    clients = Clients(LOCAL)
    assert clients.s3.meta.endpoint_url == clients.sns.meta.endpoint_url == "http://127.0.0.1:1"
    assert clients.sagemaker.meta.endpoint_url == clients.runtime.meta.endpoint_url == "http://127.0.0.1:2"
    assert clients.autoscaling.meta.endpoint_url == "http://127.0.0.1:2"
    assert clients.s3.meta.region_name == "us-east-1"


def test_a_service_that_is_not_there_is_said_so_without_a_traceback() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        clients = Clients(Target.local("us-east-1", cloud_url=url, sagemaker_url=url))
        with pytest.raises(AwsRefused, match=r"asking who we are: .*Nothing answers at that address"):
            clients.account()


def test_an_unknown_profile_is_refused_with_how_to_find_the_right_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    clients = Clients(Target.real("us-east-1", profile="no-such-profile"))
    with pytest.raises(AwsRefused, match="aws configure list-profiles"):
        clients.account()


def test_a_refusal_keeps_awss_code_and_words() -> None:
    response = {"Error": {"Code": "AccessDeniedException", "Message": "not authorized: sagemaker:CreateModel"}}
    expected = "creating model m: CreateModel was refused"
    with pytest.raises(AwsRefused, match=expected) as caught, aws_errors("creating model m"):
        raise ClientError(response, "CreateModel")  # type: ignore[arg-type]  # the metadata are not needed
    assert caught.value.code == "AccessDeniedException"
    assert caught.value.answer == "not authorized: sagemaker:CreateModel"
    assert "deploy policy" in str(caught.value)


def every_error_of_a_call() -> list[type[Exception]]:
    found = [value for value in vars(exceptions).values() if isinstance(value, type)]
    return [each for each in found if issubclass(each, (ClientError, BotoCoreError))]


@pytest.mark.parametrize("error", every_error_of_a_call(), ids=lambda error: error.__name__)
def test_no_exception_of_botocore_gets_out(error: type[Exception]) -> None:
    raised = error.__new__(error)
    if issubclass(error, ClientError):
        raised.response, raised.operation_name = {}, "Any"  # type: ignore[attr-defined]  # what __init__ would set
    with pytest.raises(AwsRefused), aws_errors("trying"):
        raise raised
