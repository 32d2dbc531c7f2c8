"""The pytest plugin: every test that asks for `rehearsal_endpoint` gets an asynchronous endpoint of its own.

    def test_my_client(rehearsal_endpoint):
        outcome = rehearsal_endpoint.predict("clip.mp4")
        assert b"frames" in outcome.body

One local AWS runs for the whole session (fixture `rehearsal_aws`), and the project of `rehearsal.toml`
(option `--rehearsal-config`) is bundled once; each test gets a fresh endpoint with a name of its own.
The plugin comes with the package. It does nothing, and imports nothing else of the harness, until a fixture is used.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from deploy.async_client import AsyncClient, Outcome
    from deploy.aws import Clients
    from deploy.bundle import Bundle
    from deploy.config import Project
    from harness.local_environment.local_aws import LocalAws

_NAME_LIMIT = 40


@dataclass(frozen=True)
class RehearsalEndpoint:
    """An endpoint of the local AWS; `clients` are boto3 clients of it."""

    name: str
    clients: Clients
    client: AsyncClient

    def predict(self, path: str | Path, *, accept: str = "application/json", custom_attributes: str = "") -> Outcome:
        """Upload the file, invoke asynchronously, wait for the output or failure object and its notification."""
        from deploy.async_client import Request, content_type_of
        from harness.core.errors import ConfigurationError

        file = Path(path)
        if not file.is_file():
            raise ConfigurationError(f"{file}: no such file; give predict() the path of what is sent")
        return self.client.send(Request(file, content_type_of(file), accept, custom_attributes))


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("rehearsal", "a local SageMaker asynchronous endpoint")
    group.addoption("--rehearsal-config", default="rehearsal.toml", help="the project whose endpoint tests get")
    group.addoption("--rehearsal-runtime", default="auto", help="auto, process or docker")
    group.addoption("--rehearsal-image", default=None, help="the image that the docker runtime runs")


@pytest.fixture(scope="session")
def rehearsal_project(pytestconfig: pytest.Config) -> Project:
    """The project of `--rehearsal-config`."""
    from deploy import config

    return config.load((pytestconfig.rootpath / pytestconfig.getoption("--rehearsal-config")).resolve())


@pytest.fixture(scope="session")
def rehearsal_bundle(rehearsal_project: Project, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """model.tar.gz of the project, packed once."""
    from deploy import bundle

    return bundle.build(rehearsal_project, tmp_path_factory.mktemp("bundle"))


@pytest.fixture(scope="session")
def rehearsal_aws(
    pytestconfig: pytest.Config, rehearsal_project: Project, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LocalAws]:
    """A local AWS that runs for the session."""
    from harness.local_cloud.local_cloud import CloudAsked
    from harness.local_environment.local_aws import EmulatorOptions, open_local_aws
    from harness.serving.runtimes.choose import choose

    region, image = rehearsal_project.endpoint.region, pytestconfig.getoption("--rehearsal-image")
    choice = choose(pytestconfig.getoption("--rehearsal-runtime"), image, region=region)
    folder = tmp_path_factory.mktemp("rehearsal")
    with open_local_aws(
        folder, state_dir=folder, region=region, cloud=CloudAsked(), options=EmulatorOptions(choice)
    ) as aws:
        yield aws


@pytest.fixture
def rehearsal_endpoint(
    request: pytest.FixtureRequest,
    rehearsal_project: Project,
    rehearsal_bundle: Bundle,
    rehearsal_aws: LocalAws,
    tmp_path: Path,
) -> Iterator[RehearsalEndpoint]:
    """A fresh endpoint named after the test. It is deleted, with everything that belongs to it, when the test ends."""
    from deploy.apply import apply
    from deploy.apply.ledger import Ledger
    from deploy.aws import LOCAL_ROLE, Clients, Target
    from deploy.promote import destroy
    from deploy.resources import desired_state
    from harness.local_environment.clients import client_of

    project = _renamed(rehearsal_project, _name_for(request.node.name))
    urls = {"cloud_url": rehearsal_aws.cloud.url, "sagemaker_url": rehearsal_aws.sagemaker_url}
    clients = Clients(Target.local(project.endpoint.region, **urls))
    wanted = desired_state.desired_state_of(project, rehearsal_bundle, rehearsal_aws.cloud.account_id, LOCAL_ROLE)
    ledger = Ledger(tmp_path / "rehearsal.ledger.jsonl")
    try:
        applied = apply.apply(wanted, clients, ledger=ledger)
        client = client_of(rehearsal_aws, applied, project.endpoint.region, project.validate.timeout_seconds)
        yield RehearsalEndpoint(applied.endpoint_name, clients, client)
    finally:
        destroy.destroy(ledger, clients, purge=True)


def _name_for(test: str) -> str:
    """A SageMaker name: letters, digits and single hyphens, different for every test."""
    words = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in test)
    readable = "-".join(filter(None, words.split("-")))[:_NAME_LIMIT].strip("-")
    return f"{readable}-{uuid.uuid4().hex[:6]}"


def _renamed(project: Project, name: str) -> Project:
    """The project with names of its own for one test; the names in the project file would be shared by every test."""
    endpoint = project.endpoint.model_copy(update={"name": None})
    storage = project.storage.model_copy(update={"bucket": f"rehearsal-{uuid.uuid4().hex}", "create_bucket": True})
    topics = project.notifications.model_copy(update={"success_topic": None, "error_topic": None})
    return replace(project, name=name, endpoint=endpoint, storage=storage, notifications=topics)
