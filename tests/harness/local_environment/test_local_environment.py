"""The record of the local environment, the variables it exports, and the logs it shows."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from itertools import islice
from pathlib import Path

import psutil
import pytest
from botocore.config import Config
from botocore.session import Session

from deploy.core.waiting import Clock
from harness.core.errors import ConfigurationError, MachineCannot
from harness.local_environment import exports, logs, record
from harness.local_environment.record import LocalEnvironment

HERE = LocalEnvironment(
    pid=os.getpid(),
    started=psutil.Process().create_time(),
    cloud_url="http://127.0.0.1:4566",
    sagemaker_url="http://127.0.0.1:4570",
    region="eu-west-1",
    account_id="000000000000",
    runtime="process",
)


@pytest.fixture
def state_dir(tmp_path: Path) -> Path:
    record.up_dir(tmp_path).mkdir(parents=True)
    return tmp_path


def test_what_is_written_is_found_while_its_keeper_lives(state_dir: Path) -> None:
    record.write(state_dir, HERE)
    assert record.find(state_dir) == HERE


def test_a_later_process_with_the_same_number_is_not_the_keeper(state_dir: Path) -> None:
    record.write(state_dir, replace(HERE, started=HERE.started - 1))
    assert record.find(state_dir) is None


@pytest.mark.parametrize("text", ["", "{", '{"schema": "another/1"}'])
def test_a_record_that_is_none_means_that_nothing_runs(state_dir: Path, text: str) -> None:
    (record.up_dir(state_dir) / "up.json").write_text(text)
    with pytest.raises(MachineCannot, match="harness up"):
        record.require(state_dir)


def test_the_shell_gets_every_variable_whole() -> None:
    awkward = replace(HERE, cloud_url="http://127.0.0.1:4566/it's a path")
    script = exports.shell_lines(awkward) + '\nprintf %s "$AWS_ENDPOINT_URL_S3"'
    assert subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout == awkward.cloud_url


def test_botocore_takes_the_profile_of_the_config_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(exports.write_config_file(HERE, tmp_path / "config")))
    session = Session(profile=exports.PROFILE)
    urls = {
        service: session.create_client(service, config=Config()).meta.endpoint_url
        for service in ("s3", "sagemaker", "sagemaker-runtime", "application-autoscaling", "dynamodb")
    }
    ours = dict.fromkeys(("sagemaker", "sagemaker-runtime", "application-autoscaling"), HERE.sagemaker_url)
    assert urls == {"s3": HERE.cloud_url, "dynamodb": HERE.cloud_url, **ours}


def write_log(folder: Path, stream: str, text: str) -> None:
    path = folder / "my-endpoint" / "AllTraffic" / stream
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as log:
        log.write(text)


def test_logs_have_the_names_of_awss_streams(tmp_path: Path) -> None:
    write_log(tmp_path, "i-1.log", "one\ntwo\nthree\n")
    write_log(tmp_path, "i-1/data-log", "platform\n")
    _, lines = logs.last_lines(tmp_path, "my-endpoint", 2)
    assert [(line.stream, line.text) for line in lines] == [
        ("AllTraffic/i-1/data-log", "platform"),
        ("AllTraffic/i-1", "two"),
        ("AllTraffic/i-1", "three"),
    ]
    assert {line.group for line in lines} == {"/aws/sagemaker/Endpoints/my-endpoint"}


def test_following_shows_each_new_line_once_and_only_when_it_is_whole(tmp_path: Path) -> None:
    write_log(tmp_path, "i-1.log", "old\nhal")
    reader, last = logs.last_lines(tmp_path, None, 10)
    pieces = iter(["f\n", "new\n"])
    clock = Clock(sleep=lambda _: write_log(tmp_path, "i-1.log", next(pieces)))
    followed = list(islice(logs.follow(reader, clock), 2))
    assert [line.text for line in last] == ["old"]
    assert [line.text for line in followed] == ["half", "new"]


def test_an_endpoint_without_logs_is_refused_with_those_that_have(tmp_path: Path) -> None:
    write_log(tmp_path, "i-1.log", "one\n")
    with pytest.raises(ConfigurationError, match="my-endpoint"):
        logs.last_lines(tmp_path, "other", 5)
