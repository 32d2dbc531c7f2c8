"""A program of the user's: its variables, and a Python that makes no client of AWS itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from harness.core.errors import MachineCannot
from harness.local_environment import program
from harness.local_environment.record import LocalEnvironment

HERE = LocalEnvironment(1, 0.0, "http://127.0.0.1:4566", "http://127.0.0.1:4570", "eu-west-1", "0" * 12, "process")
ASKING = """
import sys
assert "botocore" not in sys.modules, "the hook imports nothing by itself"
import botocore.session
session = botocore.session.get_session()
for service, url in (each.split("=") for each in sys.argv[1:]):
    print(session.create_client(service, endpoint_url=url or None).meta.endpoint_url)
"""


def python(tmp_path: Path, text: str, *arguments: str, **variables: str) -> list[str]:
    path = tmp_path / "program.py"
    path.write_text(text)
    environment = program.environment(HERE, {"PATH": "/usr/bin", **variables})
    ran = subprocess.run(
        [sys.executable, path, *arguments], env=environment, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.split()


def test_an_address_of_aws_becomes_the_local_one_and_others_stay(tmp_path: Path) -> None:
    asked = {
        "sts=https://sts.us-east-1.amazonaws.com": "http://127.0.0.1:4566",
        "sagemaker=https://api.sagemaker.us-east-1.amazonaws.com": "http://127.0.0.1:4570",
        "sagemaker-runtime=https://runtime.sagemaker.cn-north-1.amazonaws.com.cn": "http://127.0.0.1:4570",
        "s3=https://bucket.s3.dualstack.us-east-1.api.aws": "http://127.0.0.1:4566",
        "ecr=https://api.ecr.us-east-1.amazonaws.com": "http://127.0.0.1:4566",
        "s3=http://127.0.0.1:9000": "http://127.0.0.1:9000",
        "s3=https://amazonaws.com.example": "https://amazonaws.com.example",
        "s3=": "http://127.0.0.1:4566",
    }
    assert python(tmp_path, ASKING, *asked) == list(asked.values())


def test_a_sitecustomize_of_the_users_own_runs_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "sitecustomize.py").write_text("import builtins; builtins.said = 'mine'\n")
    text = "import sitecustomize; print(said, sitecustomize.__file__)"
    said, path = python(tmp_path, text, PYTHONPATH=str(tmp_path / "own"))
    assert (said, path) == ("mine", str(tmp_path / "own" / "sitecustomize.py"))


def test_nothing_of_the_users_aws_reaches_the_program() -> None:
    inherited = {"AWS_PROFILE": "production", "AWS_SESSION_TOKEN": "secret", "AWS_ENDPOINT_URL_S3": "x", "HOME": "/me"}
    found = program.environment(HERE, inherited)
    assert "AWS_PROFILE" not in found
    assert "secret" not in found.values()
    assert (found["AWS_ENDPOINT_URL_S3"], found["HOME"]) == (HERE.cloud_url, "/me")


def test_local_addresses_are_not_asked_of_a_proxy() -> None:
    found = program.environment(HERE, {"HTTP_PROXY": "http://proxy:3128", "NO_PROXY": "intranet"})
    assert found["NO_PROXY"] == "intranet,127.0.0.1,localhost"
    assert found["no_proxy"] == "127.0.0.1,localhost"


@pytest.mark.parametrize(("command", "code"), [("exit 7", 7), ("kill -9 $$", 137), ("true", 0)])
def test_the_exit_code_is_the_programs(command: str, code: int) -> None:
    assert program.run(["sh", "-c", command], HERE, {"PATH": "/usr/bin:/bin"}) == code


def test_a_program_that_is_not_there_is_told() -> None:
    with pytest.raises(MachineCannot, match="no-such-program cannot be run: No such file"):
        program.run(["no-such-program"], HERE, {})
