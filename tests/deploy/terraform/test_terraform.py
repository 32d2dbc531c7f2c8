"""The Terraform module is valid, keeps its promises under a mocked provider, and agrees with deploy.

Without terraform or its AWS provider those that need them are skipped with the reason; with FAIL_WITHOUT_TERRAFORM set
they fail instead.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import pytest

from deploy import config
from deploy.resources.iam_policy import policy
from tests.deploy.projects import write_project

MODULE = Path(__file__).parents[3] / "deploy" / "terraform"
TERRAFORM = shutil.which("terraform")
PROVIDER = "*/hashicorp/aws"
MIRRORS = ("~/.terraform.d/plugins", "/usr/local/share/terraform/plugins", "/usr/share/terraform/plugins")
"""Where Terraform itself looks for providers before it asks a registry (its documentation, "Implied local mirrors")."""


def terraform(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """A CLI configuration that is named and not there would be a warning in every output."""
    environment = {name: value for name, value in os.environ.items() if name != "TF_CLI_CONFIG_FILE"}
    named = os.environ.get("TF_CLI_CONFIG_FILE")
    if named and Path(named).exists():
        environment["TF_CLI_CONFIG_FILE"] = named
    command = [str(TERRAFORM), f"-chdir={folder}", *words]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


def unavailable(reason: str) -> NoReturn:
    if os.environ.get("FAIL_WITHOUT_TERRAFORM"):
        pytest.fail(f"FAIL_WITHOUT_TERRAFORM is set, and {reason}")
    pytest.skip(reason)


def mirror(named: str | None, implied: Sequence[str] = MIRRORS) -> Path | None:
    """The folder that holds the provider: the one that was named, else the first that Terraform would look into."""
    if named:
        return Path(named)
    folders = (Path(folder).expanduser() for folder in implied)
    return next((folder for folder in folders if any(folder.glob(PROVIDER))), None)


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy with its provider installed: from TERRAFORM_PLUGIN_DIR or a local mirror, else from the registry."""
    if TERRAFORM is None:
        unavailable("terraform is not installed")
    copy = tmp_path_factory.mktemp("terraform") / "module"
    shutil.copytree(MODULE, copy)
    plugins = mirror(os.environ.get("TERRAFORM_PLUGIN_DIR"))
    for folder in (copy, copy / "examples" / "live"):
        offline = [f"-plugin-dir={plugins}"] if plugins else []
        ran = terraform(folder, "init", "-input=false", "-no-color", *offline)
        if ran.returncode:
            said = " ".join(ran.stderr.split())[:300]
            unavailable(f"TERRAFORM_PLUGIN_DIR names no folder with the AWS provider, and terraform init said: {said}")
    return copy


def test_a_mirror_is_found_where_terraform_would_look_and_the_named_one_wins(tmp_path: Path) -> None:
    empty, full = tmp_path / "empty", tmp_path / "full"
    empty.mkdir()
    (full / "a.registry" / "hashicorp" / "aws" / "5.100.0").mkdir(parents=True)
    assert mirror(None, [str(empty), str(full)]) == full
    assert mirror(None, [str(empty)]) is None
    assert mirror("/named", [str(full)]) == Path("/named")


def test_what_ci_demands_is_not_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIL_WITHOUT_TERRAFORM", "1")
    with pytest.raises(pytest.fail.Exception, match="there is no provider"):
        unavailable("there is no provider")
    monkeypatch.delenv("FAIL_WITHOUT_TERRAFORM")
    with pytest.raises(pytest.skip.Exception):
        unavailable("there is no provider")


def test_module_and_example_are_valid_and_formatted(module: Path) -> None:
    for folder in (module, module / "examples" / "live"):
        ran = terraform(folder, "validate", "-no-color")
        assert ran.returncode == 0, ran.stderr
    ran = terraform(module, "fmt", "-check", "-recursive")
    assert ran.returncode == 0, ran.stdout


def test_the_modules_own_tests_pass(module: Path) -> None:
    ran = terraform(module, "test", "-no-color")
    assert ran.returncode == 0, ran.stdout
    assert "0 failed" in ran.stdout


def test_a_long_name_gives_the_bucket_that_deploy_looks_for(tmp_path: Path) -> None:
    """The module's own test holds the same name against what the module makes of it."""
    text = (MODULE / "tests" / "foundation.tftest.hcl").read_text()
    name, bucket = re.findall(r'"(an-object-detector[^"]+)"|"(rehearsal-an-object-detector[^"]{30,41})"', text)[:2]
    (tmp_path / config.FILE_NAME).write_text(f'[project]\nname = "{name[0]}"\n[endpoint]\nregion = "eu-west-1"\n')
    assert config.load(tmp_path / config.FILE_NAME).bucket("123456789012") == bucket[1]


def test_the_role_it_makes_may_do_what_deploy_policy_prints(tmp_path: Path) -> None:
    text = (MODULE / "main.tf").read_text()
    document = text.split('data "aws_iam_policy_document" "execution"')[1].split('resource "aws_iam_role_policy"')[0]
    made = {
        sid: set(re.findall(r'"([^"]+)"', actions))
        for sid, actions in re.findall(r'sid\s+= "(\w+)"\s+actions\s+= \[([^\]]+)\]', document)
    }
    printed = policy(write_project(tmp_path), "123456789012").execution["Statement"]
    assert made == {statement["Sid"]: set(statement["Action"]) for statement in printed}


def test_what_it_prints_for_rehearsal_toml_is_understood(tmp_path: Path) -> None:
    template = (MODULE / "outputs.tf").read_text().split("<<-EOT\n")[1].split("EOT\n")[0]
    known = {
        "local.region": "eu-west-1",
        "aws_iam_role.execution.arn": "arn:aws:iam::123456789012:role/demo-exec",
        "aws_s3_bucket.this.id": "a-bucket",
        "aws_sns_topic.success.name": "demo-success",
        "aws_sns_topic.error.name": "demo-error",
    }
    printed = re.sub(r"\$\{([^}]+)\}", lambda match: known.get(match[1], match[1].split(".")[-1]), template)
    (tmp_path / config.FILE_NAME).write_text(f'[project]\nname = "demo"\n{printed}')
    project = config.load(tmp_path / config.FILE_NAME, "prod")
    assert project.endpoint.role_arn == "arn:aws:iam::123456789012:role/demo-exec"
    assert project.endpoint.region == "eu-west-1"
    assert (project.storage.bucket, project.storage.create_bucket) == ("a-bucket", False)
    assert (project.success_topic, project.error_topic) == ("demo-success", "demo-error")
