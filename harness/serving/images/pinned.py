"""Which image an instance runs, and how much it may be trusted: official, compatible, or some other.

It knows AWS's names and dates (through the SageMaker SDK's own tables) and asks the engine what is here; it pulls
nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Literal

from harness.core.errors import ConfigurationError, MachineCannot
from harness.docker.engine import Engine
from harness.docker.facts import ImageFacts
from harness.serving.images import pulled
from harness.serving.images.recipe import ASSURANCE_LABEL, COMPATIBLE_IMAGE, FRAMEWORK_VERSION, RECIPE_LABEL
from harness.serving.images.sagemaker_sdk import sdk

ImageAssurance = Literal["official", "compatible", "other"]

PYTHON_VERSION = "py312"
OFFICIAL_REPOSITORY = "pytorch-inference"
# AWS's support policy page for Deep Learning Containers, "End of Patch" of the SageMaker inference images.
END_OF_PATCH = {"2.6.0": date(2026, 6, 30)}

# It is matched as a whole: a reference that only contains an AWS host name is not one.
_ECR_REFERENCE = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z]{2}(?:-[a-z]+)+-\d)\.(?P<domain>amazonaws\.com(?:\.cn)?)"
    r"/(?P<repository>[a-z0-9]+(?:[._/-][a-z0-9]+)*)(?::(?P<tag>[\w][\w.-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)


@dataclass(frozen=True)
class EcrReference:
    """An image reference whose registry host is one of AWS's own."""

    account_id: str
    region: str
    host: str
    repository: str


@dataclass(frozen=True)
class PinnedImage:
    """An image on this machine, and what the evidence says about it."""

    reference: str
    image_id: str
    digest: str
    """`sha256:...` of the registry's manifest when it came from one, else the image id."""
    is_registry_digest: bool
    assurance: ImageAssurance
    recipe: str | None

    def facts(self) -> dict[str, str]:
        said = {
            "assurance": self.assurance,
            "image_id": self.image_id,
            "digest_of": "registry manifest" if self.is_registry_digest else "local image",
        }
        return said if self.recipe is None else {**said, "recipe": self.recipe}


def parse_ecr(reference: str) -> EcrReference | None:
    """None for anything whose registry is not literally an ECR host of AWS; China's hosts end in .cn, no others do."""
    matched = _ECR_REFERENCE.fullmatch(reference)
    if matched is None or matched["region"].startswith("cn-") != matched["domain"].endswith(".cn"):
        return None
    return EcrReference(matched["account"], matched["region"], reference.partition("/")[0], matched["repository"])


def is_official(reference: str) -> bool:
    """Whether the reference names AWS's own PyTorch inference repository, in the account AWS uses in that region."""
    ecr = parse_ecr(reference)
    return (
        ecr is not None
        and ecr.repository == OFFICIAL_REPOSITORY
        and official_accounts().get(ecr.region) == ecr.account_id
    )


def official_image(region: str, *, gpu: bool) -> str:
    """The official image's reference in a region; raises ConfigurationError for a region AWS does not list."""
    if region not in official_accounts():
        known = ", ".join(sorted(official_accounts()))
        raise ConfigurationError(
            f"AWS lists no {OFFICIAL_REPOSITORY} image for the region {region!r}; it does for {known}"
        )
    retrieved: str = sdk("image_uris").retrieve(
        framework="pytorch",
        region=region,
        version=FRAMEWORK_VERSION,
        py_version=PYTHON_VERSION,
        instance_type="ml.g4dn.xlarge" if gpu else "ml.c5.xlarge",
        image_scope="inference",
    )
    return retrieved


@lru_cache(maxsize=1)
def official_accounts() -> dict[str, str]:
    """Region -> account of AWS's registry for this framework version, as the SageMaker SDK ships it."""
    versions = sdk("image_uris").config_for_framework("pytorch")["inference"]["versions"]
    return dict(versions[FRAMEWORK_VERSION]["registries"])


def end_of_patch_note(version: str, today: date) -> str | None:
    """One line for a report about the security patches of a framework version's official image."""
    ended = END_OF_PATCH.get(version)
    if ended is None:
        return None
    verb = "ended" if today > ended else "end"
    return f"AWS's patches of the official {OFFICIAL_REPOSITORY}:{version} image {verb} on {ended.isoformat()}"


def pin(image: ImageFacts) -> PinnedImage:
    registry = next((pinned for pinned in image.repo_digests if is_official(pinned)), None)
    registry = registry or next(iter(image.repo_digests), None)
    return PinnedImage(
        reference=image.reference,
        image_id=image.image_id,
        digest=image.image_id if registry is None else registry.partition("@")[2],
        is_registry_digest=registry is not None,
        assurance=_assurance(image),
        recipe=image.labels.get(RECIPE_LABEL),
    )


def _assurance(image: ImageFacts) -> ImageAssurance:
    # Neither tag nor label tells an official image: every user of the engine can set both, and names of digests too.
    if any(is_official(pinned) and pulled.was_given(pinned.partition("@")[2]) for pinned in image.repo_digests):
        return "official"
    return "compatible" if image.labels.get(ASSURANCE_LABEL) == "compatible" else "other"


def require_image(engine: Engine, reference: str) -> PinnedImage:
    """Raises MachineCannot, with the command that gets it, when the image is not on this machine."""
    found = engine.image(reference)
    if found is None:
        raise MachineCannot(f"the image {reference} is not on this machine; {how_to_get(reference)}")
    return pin(found)


def how_to_get(reference: str) -> str:
    ecr = parse_ecr(reference)
    if reference == COMPATIBLE_IMAGE:
        return "build it: `harness image build`"
    for gpu in (False, True):
        if ecr is not None and is_official(reference) and reference == official_image(ecr.region, gpu=gpu):
            pull = f"harness image pull --region {ecr.region} --{'gpu' if gpu else 'cpu'}"
            return f"get it: `{pull}`; or build the compatible one: `harness image build`"
    if ecr is not None:
        return (
            f"get it: `aws ecr get-login-password --region {ecr.region} | docker login --username AWS --password-stdin "
            f"{ecr.host}`, then `docker pull {reference}`; or build the compatible one: `harness image build`"
        )
    return f"get it (`docker pull {reference}`), or build the compatible one: `harness image build`"
