"""Who gets a registry password: AWS's own hosts and accounts, and nobody else."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import cast

import pytest
from botocore.exceptions import NoCredentialsError

from harness.core.errors import ConfigurationError, HarnessError, MachineCannot
from harness.docker.engine import Engine
from harness.docker.facts import ImageFacts
from harness.serving.images.ecr import RegistryPassword, ask_aws, official_registry, pull_official, read_password
from harness.serving.images.pinned import EcrReference, pin

HOST = "763104351884.dkr.ecr.eu-west-1.amazonaws.com"
IMAGE = f"{HOST}/pytorch-inference:2.6.0-cpu-py312"


class PullingEngine:
    """Remembers what it was asked to pull, and has it afterwards."""

    image = ImageFacts(IMAGE, "sha256:id", (f"{HOST}/pytorch-inference@sha256:{'0' * 64}",))

    def __init__(self) -> None:
        self.pulled: list[tuple[str, str, str]] = []

    def registry_digest(self, reference: str, username: str, password: str) -> str:
        assert (username, password) == ("AWS", "secret:with:colons")
        return f"sha256:{'0' * 64}"

    def pull(self, reference: str, username: str, password: str) -> ImageFacts:
        self.pulled.append((reference, username, password))
        return self.image


@pytest.fixture(autouse=True)
def this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REHEARSAL_MACHINE_KEY", str(tmp_path / "machine-key.pem"))


def password(host: str = HOST) -> RegistryPassword:
    token = base64.b64encode(b"AWS:secret:with:colons").decode()
    return read_password(token, f"https://{host}")


def test_an_official_image_is_pulled_with_the_password_and_pinned() -> None:
    engine = PullingEngine()
    assert pin(engine.image).assurance == "other", "a name that anybody may give"
    pinned = pull_official(cast(Engine, engine), IMAGE, lambda _: password())
    assert engine.pulled == [(IMAGE, "AWS", "secret:with:colons")]
    assert pinned.assurance == "official"
    assert pinned.digest == f"sha256:{'0' * 64}"


def test_an_image_outside_aws_s_registries_gets_no_password() -> None:
    with pytest.raises(ConfigurationError, match="is not in an AWS registry"):
        official_registry("763104351884.dkr.ecr.eu-west-1.amazonaws.com.evil.example/pytorch-inference:1")


def test_an_unexpected_account_is_named_together_with_the_expected_one_and_the_two_commands() -> None:
    with pytest.raises(ConfigurationError) as refused:
        official_registry("123456789012.dkr.ecr.eu-west-1.amazonaws.com/pytorch-inference:2.6.0-cpu-py312")
    said = str(refused.value)
    assert "no log-in to account 123456789012" in said
    assert "is 763104351884" in said
    assert "aws ecr get-login-password --region eu-west-1" in said
    assert "docker pull 123456789012.dkr.ecr" in said


def test_a_password_for_another_host_is_sent_nowhere() -> None:
    engine = PullingEngine()
    with pytest.raises(HarnessError, match="nothing was sent"):
        pull_official(cast(Engine, engine), IMAGE, lambda _: password("elsewhere.example"))
    assert engine.pulled == []


def test_missing_credentials_end_with_the_commands_that_help() -> None:
    def nobody(_: EcrReference) -> RegistryPassword:
        raise NoCredentialsError

    with pytest.raises(MachineCannot) as refused:
        pull_official(cast(Engine, PullingEngine()), IMAGE, nobody)
    assert "aws configure" in str(refused.value)
    assert f"docker login --username AWS --password-stdin {HOST}" in str(refused.value)
    assert f"docker pull {IMAGE}" in str(refused.value)


def test_aws_is_asked_for_credentials_before_it_is_called(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(NoCredentialsError):
        ask_aws(official_registry(IMAGE))


def test_a_password_is_not_shown_when_it_is_printed() -> None:
    assert "secret" not in repr(password())
