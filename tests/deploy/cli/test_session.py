"""Which cloud is meant, and what is remembered between commands."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy import bundle
from deploy.cli.options import TargetName
from deploy.cli.session import Session, resume_state
from deploy.cli.session.target import Options, target
from deploy.core.errors import ConfigurationError, DeployError
from deploy.core.settings import read
from tests.deploy.projects import write_project
from tests.deploy.watched_cloud import WatchedCloud

EXPORTED = {"AWS_ENDPOINT_URL_SAGEMAKER": "http://127.0.0.1:8090", "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:4566"}
LOCAL = Options(target=TargetName.LOCAL)


def test_aws_is_refused_while_the_environment_points_at_an_emulator() -> None:
    with pytest.raises(ConfigurationError, match="sets AWS_ENDPOINT_URL_S3 and 1 more like it, so"):
        target(Options(), "us-east-1", read(EXPORTED))


def test_aws_is_meant_when_nothing_else_is_said() -> None:
    found = target(Options(profile="work"), "eu-west-1", read({}))
    assert (found.is_local, found.region, found.profile, dict(found.endpoint_urls)) == (False, "eu-west-1", "work", {})


def test_the_local_target_is_where_the_environment_says() -> None:
    found = target(LOCAL, "us-east-1", read(EXPORTED))
    assert found.is_local
    assert found.endpoint_urls["sagemaker"] == found.endpoint_urls["sagemaker-runtime"] == "http://127.0.0.1:8090"
    assert found.endpoint_urls["s3"] == found.endpoint_urls["sns"] == "http://127.0.0.1:4566"


def test_one_url_may_serve_everything() -> None:
    found = target(LOCAL, "us-east-1", read({"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}))
    assert set(found.endpoint_urls.values()) == {"http://127.0.0.1:1"}


def test_a_local_target_without_a_local_cloud_says_how_to_start_one() -> None:
    with pytest.raises(ConfigurationError, match="harness up --detach"):
        target(LOCAL, "us-east-1", read({}))


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")


def session(folder: Path, *, extra: str = "", real: bool = False, **options: object) -> Session:
    project, cloud = write_project(folder, extra=extra), WatchedCloud()
    clients = cloud.real_clients() if real else cloud.clients()
    return Session(Options(config=str(project.path), **options), clients=clients, clock=cloud.clock())  # type: ignore[arg-type]  # names of fields


def test_aws_needs_a_role_and_the_local_cloud_does_not(tmp_path: Path) -> None:
    assert session(tmp_path).role.endswith("role/rehearsal")
    with pytest.raises(ConfigurationError, match=r"endpoint\.role_arn is missing"):
        assert session(tmp_path, real=True).role


def test_a_role_of_another_account_is_refused(tmp_path: Path) -> None:
    extra = "[endpoint]\nrole_arn = 'arn:aws:iam::999999999999:role/x'\n"
    with pytest.raises(ConfigurationError, match="is of account 999999999999, the credentials are of 000000000000"):
        assert session(tmp_path, extra=extra, real=True).role


def test_what_was_begun_is_remembered_until_it_ended(tmp_path: Path) -> None:
    built = str(bundle.build(write_project(tmp_path), tmp_path / "dist").path)
    work = session(tmp_path, target=TargetName.LOCAL, override=("runtime",), because="x", bundle=built)
    resume_state.remember(work)
    assert resume_state.remembered(session(tmp_path)) == (work.options, work.desired.release)
    resume_state.forget(work)
    with pytest.raises(ConfigurationError, match="nothing to resume"):
        resume_state.remembered(session(tmp_path))


def test_two_processes_of_one_machine_do_not_deploy_at_once(tmp_path: Path) -> None:
    said = pytest.raises(DeployError, match="another `deploy` on this machine")
    with resume_state.alone(session(tmp_path)), said, resume_state.alone(session(tmp_path)):
        pytest.fail("both were let in")
    with resume_state.alone(session(tmp_path)):
        pass


def test_an_override_needs_a_reason(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="--because"):
        assert session(tmp_path, override=("runtime",)).verdicts


def test_the_owner_of_the_lock_stays_the_same_on_this_machine(tmp_path: Path) -> None:
    assert session(tmp_path).owner == session(tmp_path).owner
