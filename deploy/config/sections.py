"""Defines the sections of rehearsal.toml, their keys, defaults and limits. `project` reads the file.

Limits come from the botocore service models of SageMaker and the AWS pages for asynchronous inference.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from deploy.config.case_sections import CASES_IN_WORDS, CaseSection, GoldenSection
from deploy.config.section import FilePath, Section
from deploy.evidence.circumstances import Assurance

SAGEMAKER_NAME = r"^[a-zA-Z0-9](-*[a-zA-Z0-9])*$"
# Asynchronous inference takes inputs and outputs of up to 1 GB (AWS developer guide, "Asynchronous inference").
MAX_PAYLOAD_BYTES = 1 << 30

_ENVIRONMENT_NAME = r"^[A-Z_][A-Z0-9_]*$"
_PREFIX = r"^[A-Za-z0-9!_.*'()/-]+$"
_REGION = r"^[a-z]{2}(-[a-z]+)+-\d$"
_INSTANCE_TYPE = r"^ml\.[a-z0-9-]+\.[a-z0-9]+$"
_ROLE_ARN = r"^arn:aws[a-z-]*:iam::\d{12}:role/.+$"
_BUCKET = r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$"
_PACKAGE = r"^[A-Za-z0-9][A-Za-z0-9._-]*==[A-Za-z0-9][A-Za-z0-9.!+]* --hash=sha256:[0-9a-f]{64}$"
_TOPIC = r"^[A-Za-z0-9_-]{1,256}$"
_ENTRY_POINT = r"^[A-Za-z_][A-Za-z0-9_]*\.py$"
# Messages describe each pattern of a value in these words.
IN_WORDS: Mapping[str, str] = {
    SAGEMAKER_NAME: "letters, digits and hyphens between them, such as my-detector",
    _ENVIRONMENT_NAME: "capital letters, digits and underscores, such as FRAME_INTERVAL",
    _PREFIX: "a prefix of letters, digits, slashes and !_.*'()-, such as async/input",
    _REGION: "a region, such as eu-west-1",
    _INSTANCE_TYPE: "an instance type for endpoints, such as ml.g4dn.xlarge",
    _ROLE_ARN: "the ARN of a role, such as arn:aws:iam::123456789012:role/NAME",
    _BUCKET: "a bucket's name: 3 to 63 small letters, digits, dots and hyphens",
    _PACKAGE: "a version of a package and the sha256 of its wheel, such as av==18.1.0 --hash=sha256:64_DIGITS",
    _TOPIC: "a topic's name (not its ARN): up to 256 letters, digits, hyphens and underscores",
    _ENTRY_POINT: "a Python file directly in [handler] source, such as inference.py: the container imports it by name",
    **CASES_IN_WORDS,
}

# Stacks that a project may mean, and that nothing here can run.
_LATER_STACKS = ("rayserve", "container")

# SageMaker sends notifications about these outcomes.
Notified = Literal["success", "error"]
EnvironmentName = Annotated[str, Field(pattern=_ENVIRONMENT_NAME, max_length=1024)]


def _no_slashes_outside(value: str) -> str:
    if value != value.strip("/") or "//" in value:
        raise ValueError("a prefix has no slash at its ends and no empty part, as in 'async/input'")
    return value


PinnedPackage = Annotated[str, Field(pattern=_PACKAGE, max_length=512)]


def _paths(value: Any) -> Any:
    one_or_more = value if isinstance(value, list | tuple) else [value]
    if value is not None and not (one_or_more and all(isinstance(each, str | Path) and each for each in one_or_more)):
        raise ValueError('write a folder or a file, or a list of them, as in "model/" or ["config.json", "weights.pt"]')
    return value


def _supported(value: Any) -> Any:
    if value in _LATER_STACKS:
        raise ValueError(
            f"this version serves with TorchServe alone, {value} is not supported yet: leave the key out, or write "
            '"torchserve". CHANGELOG.md tells when that changes'
        )
    return value


Prefix = Annotated[str, Field(pattern=_PREFIX, max_length=512), AfterValidator(_no_slashes_outside)]


class ProjectSection(Section):
    name: str = Field(pattern=SAGEMAKER_NAME, max_length=50)
    """Prefix of every AWS name; 50 characters leave room for the 12-digit content hash in SageMaker's 63."""


class ModelSection(Section):
    """What lies in the archive's root: `data`, or `weights` and `spec` of the flagship, or nothing."""

    data: Annotated[
        FilePath | Annotated[tuple[FilePath, ...], Field(strict=False, min_length=1)] | None, BeforeValidator(_paths)
    ] = None
    """One folder: its contents. One file, or a list of files and folders: each under its own name. Any files."""
    weights: Annotated[Literal["coco"] | FilePath | None, Field(union_mode="left_to_right")] = None
    """A state_dict saved by torch.save, or `coco` for torchvision's COCO_V1 weights of maskrcnn_resnet50_fpn.

    Default: `coco` where the handler is the flagship's, none where it is another."""
    spec: FilePath | None = None
    """model.json: architecture, classes and labels; without it the artifact is torchvision's COCO Mask R-CNN."""

    @model_validator(mode="after")
    def _is_one_of_both(self) -> Self:
        other = next((name for name in ("weights", "spec") if getattr(self, name) is not None), None)
        if self.data is not None and other is not None:
            raise ValueError(
                f"data and {other} exclude each other: {other} is for the flagship handler, data for any other; a "
                "state_dict and its model.json can both be listed in data"
            )
        return self


class HandlerSection(Section):
    source: FilePath = Path("handler")
    """A folder; it becomes code/ of the archive, and what it holds can be imported."""
    entry_point: str = Field(default="inference.py", pattern=_ENTRY_POINT, max_length=255)
    """The file in it that defines model_fn and the others: SAGEMAKER_PROGRAM."""
    environment: Mapping[EnvironmentName, str | int | float | bool] = Field(default_factory=dict)
    """Settings of the handler: the container's environment variables beside those of the serving stack."""
    packages: Annotated[tuple[PinnedPackage, ...], Field(strict=False)] = ()
    """What the image lacks and the bundle carries, each as pip writes it: `av==18.1.0 --hash=sha256:...`."""


class ContainerSection(Section):
    stack: Annotated[Literal["torchserve"], BeforeValidator(_supported)] = "torchserve"
    """What serves in the container."""
    framework_version: str = "2.6.0"
    python: str = "py312"
    image: str | None = None
    """A full image URI; overrides framework_version and python."""
    workers: int = Field(default=1, ge=1, le=64)
    """Model workers (processes) in one container: SAGEMAKER_MODEL_SERVER_WORKERS."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"


class EndpointSection(Section):
    mode: Literal["async", "realtime"] = "async"
    """How it is invoked: InvokeEndpointAsync through S3, or InvokeEndpoint, which answers at once."""
    name: str | None = Field(default=None, pattern=SAGEMAKER_NAME, max_length=63)
    """Default: the project's name."""
    region: str = Field(default="us-east-1", pattern=_REGION)
    instance_type: str = Field(default="ml.g4dn.xlarge", pattern=_INSTANCE_TYPE)
    initial_instance_count: int = Field(default=1, ge=1)
    max_concurrent_invocations_per_instance: int = Field(default=1, ge=1, le=1000)
    invocation_timeout_seconds: int = Field(default=900, ge=1, le=3600)
    request_ttl_seconds: int = Field(default=21600, ge=60, le=21600)
    startup_timeout_seconds: int = Field(default=600, ge=60, le=3600)
    model_download_timeout_seconds: int = Field(default=900, ge=60, le=3600)
    inference_ami_version: str | None = Field(default=None, pattern=SAGEMAKER_NAME, max_length=63)
    """Default: the host image whose driver fits the container's CUDA, from data/inference_amis.json."""
    role_arn: str | None = Field(default=None, pattern=_ROLE_ARN, max_length=2048)
    """The execution role that the container runs with. `deploy policy` prints the permissions that it needs."""
    check_role_permissions: bool = True
    """Whether a plan checks the role's permissions with IAM's simulator; false where a bucket policy grants them."""
    max_payload_bytes: int = Field(default=MAX_PAYLOAD_BYTES, ge=1, le=MAX_PAYLOAD_BYTES)


class StorageSection(Section):
    bucket: str | None = Field(default=None, pattern=_BUCKET)
    """Default: rehearsal-<project>-<account>-<region>."""
    create_bucket: bool = True
    """False where something else (Terraform) owns the bucket; a missing bucket is refused then."""
    models: Prefix = "models"
    input: Prefix = "async/input"
    output: Prefix = "async/output"
    failure: Prefix = "async/failure"
    releases: Prefix = "releases"


class NotificationsSection(Section):
    success_topic: str | None = Field(default=None, pattern=_TOPIC)
    """Default: <project>-success."""
    error_topic: str | None = Field(default=None, pattern=_TOPIC)
    """Default: <project>-error."""
    include_response_in: Annotated[tuple[Notified, ...], Field(strict=False)] = ("error",)
    """Which notifications include the response itself (bodies of at most 128 KB)."""


class AutoscalingSection(Section):
    enabled: bool = True
    min_instances: int = Field(default=0, ge=0)
    max_instances: int = Field(default=1, ge=1)
    backlog_per_instance: float | None = Field(default=None, gt=0)
    """Default: derived from the benchmark, concurrency + jobs per second x acceptable wait."""
    acceptable_wait_seconds: float = Field(default=300.0, gt=0)
    idle_minutes: int = Field(default=15, ge=1, le=1440)


class GatesSection(Section):
    runtime: Assurance = "official"
    """The least exact runtime of valid evidence when the target is AWS; the local target accepts `process`."""
    max_age_hours: float = Field(default=168.0, gt=0)
    min_map50: float = Field(default=0.9, ge=0, le=1)
    """mAP at IoU 0.5 of the known answer through the whole stack."""
    required_checks: Annotated[tuple[str, ...], Field(strict=False)] = ("parity",)
    """Checks that must have run and passed; any other check that ran must have passed too. The local target demands
    them only when they are written here; an empty list demands none."""
    min_cases: int = Field(default=1, ge=0)
    """How many [[case]]s must have been answered as expected, for a model without a known answer. The local target
    demands them only when this is written."""
    min_frames_per_second: float | None = Field(default=None, gt=0)
    max_p95_seconds: float | None = Field(default=None, gt=0)
    max_memory_bytes: int | None = Field(default=None, gt=0)
    max_gpu_memory_bytes: int | None = Field(default=None, gt=0)


class ValidateSection(Section):
    known_answer: FilePath | None = None
    """A folder with clip.mp4 and truth.json; default: the known answer that comes with the harness."""
    clips: Annotated[tuple[FilePath, ...], Field(strict=False)] = ()
    timeout_seconds: float = Field(default=600.0, gt=0)


class CostSection(Section):
    max_usd_per_month: float | None = Field(default=None, gt=0)
    """A plan is refused when the largest fleet, running all month, would cost more."""
    requests_per_hour: float | None = Field(default=None, gt=0)
    """The mean over the whole day, from which a plan estimates the cost of a month."""


class RolloutSection(Section):
    bake_seconds: int = Field(default=600, ge=0, le=3600)
    """How long both fleets run after the traffic has moved; an alarm in that time rolls the update back."""
    smoke_input: FilePath | None = None
    """The input of smoke requests; default: the clip of the known answer, else the first case that is answered."""
    smoke_content_type: str | None = None
    """The content type of that input; default: the type for its name."""
    smoke_requests: int = Field(default=2, ge=1, le=20)
    """How many are sent while an update bakes; without requests no alarm could go off."""
    ttl_hours: float | None = Field(default=None, gt=0)
    """After this, `deploy expire` deletes the endpoint."""


class ReleaseSection(Section):
    signing_key: FilePath | None = None
    """A private key in PEM, Ed25519 or ECDSA P-256, that signs release records; kept out of the bundle and of git."""
    public_keys: Annotated[tuple[FilePath, ...], Field(strict=False)] = ()
    """The public keys in PEM that `verify` and `rollback` trust; with any, unsigned releases are refused."""


class ProjectFile(Section):
    """The whole file, with one environment laid over it."""

    project: ProjectSection
    model: ModelSection = ModelSection()
    handler: HandlerSection
    container: ContainerSection = ContainerSection()
    endpoint: EndpointSection = EndpointSection()
    storage: StorageSection = StorageSection()
    notifications: NotificationsSection = NotificationsSection()
    autoscaling: AutoscalingSection = AutoscalingSection()
    gates: GatesSection = GatesSection()
    validate_: ValidateSection = Field(default=ValidateSection(), alias="validate")
    golden: GoldenSection = GoldenSection()
    cost: CostSection = CostSection()
    rollout: RolloutSection = RolloutSection()
    release: ReleaseSection = ReleaseSection()
    case: Annotated[tuple[CaseSection, ...], Field(strict=False)] = ()

    @field_validator("case")
    @classmethod
    def _told_apart(cls, cases: tuple[CaseSection, ...]) -> tuple[CaseSection, ...]:
        titles = [case.title for case in cases]
        twice = next((title for title in titles if titles.count(title) > 1), None)
        if twice is not None:
            raise ValueError(f"two cases are called {twice!r}: give each a name of its own")
        goldens = [case.expect.golden for case in cases if case.expect.golden is not None]
        shared = next((path for path in goldens if goldens.count(path) > 1), None)
        if shared is not None:
            raise ValueError(f"two cases have the golden {shared.name}: give each a file of its own")
        return cases
