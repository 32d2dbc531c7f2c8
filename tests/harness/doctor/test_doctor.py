"""`harness doctor`: each check on a machine that has the thing and on one that has not."""

from __future__ import annotations

import json
import socket
from datetime import date
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from harness.cli.commands.doctor import doctor
from harness.core.errors import MachineCannot
from harness.docker.compose import Compose
from harness.docker.engine import Engine, EngineGone
from harness.doctor.diagnosis import can_run, document
from harness.doctor.docker import check_compose, check_engine, check_gpu, check_image, check_leftovers, docker_findings
from harness.doctor.finding import bad, ok
from harness.doctor.finding import level as level_of
from harness.doctor.machine import (
    check_credentials,
    check_disk,
    check_environment,
    check_port,
    check_program,
    check_python,
    check_uv,
)
from harness.serving.instances.gpu import Gpu
from harness.serving.runtimes.choose import Choice
from harness.serving.stacks.contract.placement import Program, Requirement

TODAY = date(2026, 11, 20)
T4 = Gpu("Tesla T4", "550.163.01", 15 * 2**30, 0, "7.5")


def nobody() -> Engine:
    raise EngineGone("no Docker engine answers")


def no_java() -> Program:
    raise MachineCannot("TorchServe needs Java")


JAVA = Requirement("java", no_java, "install a JRE 17")


def no_uv() -> Path:
    raise MachineCannot("uv is not on this machine")


def no_image() -> Choice:
    raise MachineCannot("Docker runs, but it has neither image")


@pytest.fixture
def app() -> typer.Typer:
    made = typer.Typer()
    made.command()(doctor)
    return made


@pytest.mark.parametrize("fatal", [True, False])
def test_what_is_missing_fails_only_where_it_was_asked_for(fatal: bool) -> None:
    level = "fail" if fatal else "warn"
    assert level_of(check_engine(nobody, fatal=fatal)) == level
    assert level_of(check_compose(lambda: None, fatal=fatal)) == level
    assert level_of(check_image(no_image, TODAY, fatal=fatal)) == level
    assert level_of(check_program(JAVA, fatal=fatal)) == level


def test_whatever_is_not_ok_has_a_fix() -> None:
    findings = [
        *docker_findings(fatal=True, region="us-east-1", gpus=(), today=TODAY, connect=nobody),
        check_python((3, 10)),
        check_uv(no_uv),
        check_program(JAVA, fatal=True),
        check_disk(Path(), free_bytes=0),
        check_credentials(lambda: False),
        check_environment({"AWS_ENDPOINT_URL": "http://127.0.0.1:4566"}),
    ]
    not_ok = [finding for finding in findings if level_of(finding) != "ok"]
    assert len(not_ok) >= 7
    assert all(finding.advice for finding in not_ok)


def test_compose_is_named_with_its_version_and_command() -> None:
    finding = check_compose(lambda: Compose(("docker", "compose"), "2.30.1"), fatal=True)
    assert (level_of(finding), finding.message) == ("ok", "2.30.1 (`docker compose`)")


def test_the_compatible_image_is_told_from_the_official_one_with_its_end_of_patches() -> None:
    compatible = Choice("docker", "", "rehearsal/pytorch-inference-compat:2.6.0-cpu")
    official = Choice("docker", "", "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-inference:2.6.0-cpu-py312")
    assert "compatible, not official" in check_image(lambda: compatible, TODAY, fatal=True).message
    assert "ended on 2026-06-30" in check_image(lambda: official, TODAY, fatal=True).message


def test_gpus_are_named_with_memory_and_driver() -> None:
    assert level_of(check_gpu((), nobody)) == "ok"
    assert "Tesla T4 (15 GiB, driver 550.163.01)" in check_gpu((T4,), nobody).message


def test_without_an_engine_there_are_no_leftovers_to_fear() -> None:
    assert level_of(check_leftovers(nobody)) == "ok"


@pytest.mark.parametrize(("version", "level"), [((3, 10), "fail"), ((3, 11), "ok"), ((3, 12), "ok"), ((3, 13), "fail")])
def test_python_must_be_one_the_serving_packages_run_on(version: tuple[int, int], level: str) -> None:
    assert level_of(check_python(version)) == level


@pytest.mark.parametrize(("free_gib", "level"), [(100, "ok"), (5, "warn"), (0.5, "fail")])
def test_disk_space_is_judged_where_the_state_will_be(tmp_path: Path, free_gib: float, level: str) -> None:
    finding = check_disk(tmp_path / "not" / "yet", free_bytes=int(free_gib * 2**30))
    assert level_of(finding) == level
    assert str(tmp_path) in finding.message


def test_a_taken_port_is_a_warning_that_names_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        finding = check_port(port)
    assert (level_of(finding), str(port) in finding.message) == ("warn", True)
    assert level_of(check_port(port)) == "ok"


def test_variables_that_point_at_an_emulator_are_named_with_the_command_that_unsets_them() -> None:
    finding = check_environment({"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:4566", "AWS_ENDPOINT_URL_SNS": ""})
    assert level_of(finding) == "warn"
    assert "unset AWS_ENDPOINT_URL_S3" in (finding.advice or "")
    assert "SNS" not in (finding.advice or "")


def test_a_real_account_s_key_is_noticed_and_not_printed() -> None:
    finding = check_environment({"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE"})
    assert "real account" in finding.message
    assert "AKIA" not in finding.message
    assert check_environment({"AWS_ACCESS_KEY_ID": "test"}).message.startswith("no variable")


def test_the_machine_can_run_unless_something_failed() -> None:
    warned = [ok("a", ""), bad("b", "", "fix", fatal=False)]
    assert can_run(warned)
    assert not can_run([*warned, bad("c", "", "fix", fatal=True)])
    assert document("auto", warned, [])["can_run"] is True


def test_asking_for_docker_where_there_is_none_ends_with_code_3(
    app: typer.Typer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    options = ["--state-dir", str(tmp_path), "--output", "json"]
    refused = CliRunner().invoke(app, ["--runtime", "docker", *options])
    assert refused.exit_code == 3
    told = json.loads(refused.stdout)
    assert (told["schema"], told["runtime"], told["can_run"]) == ("rehearsal.doctor/1", "docker", False)
    assert {finding["check"] for finding in told["findings"] if finding["level"] == "fail"} >= {"docker engine"}
    accepted = CliRunner().invoke(app, ["--runtime", "process", *options])
    assert accepted.exit_code == 0, accepted.stdout


def test_the_text_ends_with_the_line_that_matters(
    app: typer.Typer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    said = CliRunner().invoke(app, ["--runtime", "docker", "--fix", "--state-dir", str(tmp_path)]).stdout
    assert "cannot rehearse (runtime docker): docker engine" in said.splitlines()[-1]
