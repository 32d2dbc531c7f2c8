"""Which image is whose: AWS's registries, accounts and dates, and how much an image may be trusted."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from harness.core.errors import ConfigurationError
from harness.docker.facts import ImageFacts
from harness.serving.images import pulled
from harness.serving.images.pinned import (
    end_of_patch_note,
    how_to_get,
    is_official,
    official_accounts,
    official_image,
    parse_ecr,
    pin,
)

DIGEST = "sha256:" + "0123456789abcdef" * 4
OFFICIAL = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-inference"


@pytest.mark.parametrize(
    ("region", "gpu", "reference"),
    [
        ("us-east-1", False, f"{OFFICIAL}:2.6.0-cpu-py312"),
        ("us-east-1", True, f"{OFFICIAL}:2.6.0-gpu-py312"),
        ("me-south-1", False, "217643126080.dkr.ecr.me-south-1.amazonaws.com/pytorch-inference:2.6.0-cpu-py312"),
        ("cn-north-1", True, "727897471807.dkr.ecr.cn-north-1.amazonaws.com.cn/pytorch-inference:2.6.0-gpu-py312"),
    ],
)
def test_the_official_image_of_a_region_is_aws_s_own_name_for_it(region: str, gpu: bool, reference: str) -> None:
    assert official_image(region, gpu=gpu) == reference
    assert is_official(reference)


def test_every_region_s_official_image_is_recognised_as_official() -> None:
    assert len(official_accounts()) > 30
    for region in official_accounts():
        assert is_official(official_image(region, gpu=False)), region


def test_a_region_without_an_image_is_a_configuration_error() -> None:
    with pytest.raises(ConfigurationError, match=r"'mars-north-1'.*us-east-1"):
        official_image("mars-north-1", gpu=False)


@pytest.mark.parametrize(
    "reference",
    [
        "763104351884.dkr.ecr.us-east-1.amazonaws.com.evil.example/pytorch-inference:2.6.0",
        "evil.example/763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-inference:2.6.0",
        "x763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-inference:2.6.0",
        "763104351884.dkr.ecr.us-east-1.amazonaws.com@evil.example/pytorch-inference:2.6.0",
        "763104351884.dkr.ecr.us-east-1.amazonaws.com:8443/pytorch-inference:2.6.0",
        "763104351884.dkr.ecr.us-east-1.amazonaws.com.cn/pytorch-inference:2.6.0",
        "763104351884.dkr.ecr.cn-north-1.amazonaws.com/pytorch-inference:2.6.0",
        "763104351884xdkr.ecr.us-east-1.amazonaws.com/pytorch-inference:2.6.0",
        f"{OFFICIAL}:2.6.0\n",
        "rehearsal/pytorch-inference-compat:2.6.0-cpu",
        "",
    ],
)
def test_a_name_that_only_resembles_an_aws_registry_is_none(reference: str) -> None:
    assert parse_ecr(reference) is None


def test_the_right_host_with_another_account_or_repository_is_not_official() -> None:
    assert not is_official("123456789012.dkr.ecr.us-east-1.amazonaws.com/pytorch-inference:2.6.0")
    assert not is_official("763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.6.0")
    assert not is_official("763104351884.dkr.ecr.me-south-1.amazonaws.com/pytorch-inference:2.6.0")


def image(labels: dict[str, str] | None = None, *repo_digests: str) -> ImageFacts:
    return ImageFacts("some/name:tag", "sha256:id", repo_digests, labels or {})


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS's registry gave DIGEST on this machine."""
    monkeypatch.setenv("REHEARSAL_MACHINE_KEY", str(tmp_path / "machine-key.pem"))
    pulled.remember(f"{OFFICIAL}:2.6.0-cpu-py312", DIGEST)


@pytest.mark.usefixtures("given")
def test_official_is_told_by_the_registry_s_digest_and_pinned_by_it() -> None:
    pinned = pin(image(None, f"mirror.example/copy@{DIGEST[:-1]}0", f"{OFFICIAL}@{DIGEST}"))
    assert (pinned.assurance, pinned.digest, pinned.is_registry_digest) == ("official", DIGEST, True)


@pytest.mark.usefixtures("given")
def test_a_digest_that_the_registry_did_not_give_makes_nothing_official() -> None:
    """The engine gives any image that is tagged so a digest with that name."""
    assert pin(image(None, f"{OFFICIAL}@sha256:{'e' * 64}")).assurance == "other"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema": "another", "images": []}', '{"images": 1}'])
def test_a_damaged_account_of_what_was_pulled_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("REHEARSAL_MACHINE_KEY", str(tmp_path / "machine-key.pem"))
    (tmp_path / "pulled-images.json").write_text(text)
    assert not pulled.was_given(DIGEST)
    pulled.remember(OFFICIAL, DIGEST)
    assert pulled.was_given(DIGEST)


def test_a_label_or_a_tag_makes_nothing_official() -> None:
    tagged = ImageFacts(f"{OFFICIAL}:2.6.0-cpu-py312", "sha256:id", (), {"rehearsal.assurance": "official"})
    assert pin(tagged).assurance == "other"
    assert pin(tagged).digest == "sha256:id"


def test_the_compatible_image_says_so_and_names_its_recipe() -> None:
    pinned = pin(image({"rehearsal.assurance": "compatible", "rehearsal.recipe": "abc"}))
    assert (pinned.assurance, pinned.is_registry_digest) == ("compatible", False)
    assert pinned.facts() == {
        "assurance": "compatible",
        "image_id": "sha256:id",
        "digest_of": "local image",
        "recipe": "abc",
    }


def test_the_end_of_patches_is_said_in_the_tense_of_the_day() -> None:
    assert end_of_patch_note("2.6.0", date(2026, 6, 30)) is not None
    assert "end on 2026-06-30" in str(end_of_patch_note("2.6.0", date(2026, 6, 30)))
    assert "ended on 2026-06-30" in str(end_of_patch_note("2.6.0", date(2026, 7, 1)))
    assert end_of_patch_note("99.0", date(2026, 7, 1)) is None


def test_what_is_missing_comes_with_the_command_that_gets_it() -> None:
    official = how_to_get(f"{OFFICIAL}:2.6.0-cpu-py312")
    assert "`harness image pull --region us-east-1 --cpu`" in official
    another = how_to_get(f"{OFFICIAL}:2.5.1-cpu-py311")
    assert "aws ecr get-login-password --region us-east-1" in another
    assert f"docker pull {OFFICIAL}:2.5.1-cpu-py311" in another
    assert how_to_get("rehearsal/pytorch-inference-compat:2.6.0-cpu") == "build it: `harness image build`"
    assert "docker pull mine/own:1" in how_to_get("mine/own:1")
