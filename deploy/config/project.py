"""Reads rehearsal.toml into a `Project`: the one configuration that bundle, validate and promote share.

Owns: reading, overlays of `[env.<name>]`, and which values decide what runs (`digest`).
May not: read AWS, the process environment or the files that the configuration names.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from deploy.config import complaints, sections
from deploy.config.case_sections import CaseSection, GoldenSection
from deploy.config.instance_types import require_known
from deploy.config.spelling import did_you_mean
from deploy.core.digests import digest_of
from deploy.core.errors import ConfigurationError
from deploy.core.project_file import FILE_NAME

_RUNTIME_ENDPOINT_KEYS = (
    "instance_type",
    "max_concurrent_invocations_per_instance",
    "invocation_timeout_seconds",
    "startup_timeout_seconds",
    "max_payload_bytes",
)
_BUCKET_LIMIT = 63


@dataclass(frozen=True)
class Project:
    """rehearsal.toml with one environment laid over it; every path in it is absolute or relative to the caller."""

    path: Path
    environment: str | None
    name: str
    model: sections.ModelSection
    handler: sections.HandlerSection
    container: sections.ContainerSection
    endpoint: sections.EndpointSection
    storage: sections.StorageSection
    notifications: sections.NotificationsSection
    autoscaling: sections.AutoscalingSection
    gates: sections.GatesSection
    validate: sections.ValidateSection
    cost: sections.CostSection
    rollout: sections.RolloutSection
    release: sections.ReleaseSection
    golden: GoldenSection
    cases: tuple[CaseSection, ...] = ()

    @property
    def root(self) -> Path:
        return self.path.parent

    @property
    def endpoint_name(self) -> str:
        return self.endpoint.name or self.name

    @property
    def success_topic(self) -> str:
        return self.notifications.success_topic or f"{self.name}-success"

    @property
    def error_topic(self) -> str:
        return self.notifications.error_topic or f"{self.name}-error"

    def bucket(self, account: str) -> str:
        """At most 63 characters (S3's limit), whatever the project's name: a hash replaces the rest of a longer one."""
        name = self.storage.bucket or f"rehearsal-{self.name.lower()}-{account}-{self.endpoint.region}"
        return name if len(name) <= _BUCKET_LIMIT else f"{name[: _BUCKET_LIMIT - 13]}-{digest_of(name)[:12]}"

    def with_weights(self, weights: Path | Literal["coco"]) -> Project:
        """The same project with other weights, as `deploy bundle --weights` asks."""
        return replace(self, model=self.model.model_copy(update={"weights": weights, "data": None}))

    def without_packages(self) -> Project:
        """The same project whose bundle carries no packages, as `--without-packages` asks."""
        return replace(self, handler=self.handler.model_copy(update={"packages": ()}))

    def digest(self) -> str:
        """The sha256 of every setting that changes what runs, and of none that only decides where it runs.

        Names, region, bucket, role, fleet size and gates are left out, so evidence made on the local cloud is valid
        for every environment that runs the same container with the same settings. Model and handler have digests
        of their own in the bundle.
        """
        endpoint = self.endpoint.model_dump(mode="json", include=set(_RUNTIME_ENDPOINT_KEYS))
        if self.endpoint.mode != "async":  # older evidence names no mode, and stays valid
            endpoint["mode"] = self.endpoint.mode
        return digest_of(
            {
                "handler.environment": dict(self.handler.environment),
                "handler.entry_point": self.handler.entry_point,
                "container": self.container.model_dump(mode="json"),
                "endpoint": endpoint,
            }
        )


def load(path: Path, environment: str | None = None) -> Project:
    """Read rehearsal.toml and lay `[env.<environment>]` over it; every other environment is checked as well.

    Raises ConfigurationError naming the file, each wrong key and what to write instead.
    """
    found = document(path, environment)
    _check_key_stays_home(path, found)
    require_known(found.endpoint.instance_type, f"{path}: endpoint.instance_type")
    return Project(
        path=path,
        environment=environment,
        name=found.project.name,
        model=found.model,
        handler=found.handler,
        container=found.container,
        endpoint=found.endpoint,
        storage=found.storage,
        notifications=found.notifications,
        autoscaling=found.autoscaling,
        gates=found.gates,
        validate=found.validate_,
        cost=found.cost,
        rollout=found.rollout,
        release=found.release,
        cases=found.case,
        golden=found.golden,
    )


def _check_key_stays_home(path: Path, found: sections.ProjectFile) -> None:
    """Refuse a private key in the handler's folder, which is packed whole: every bundle would publish the key."""
    key, source = found.release.signing_key, found.handler.source
    if key is not None and Path(os.path.abspath(source)) in Path(os.path.abspath(key)).parents:  # noqa: PTH100  # resolve() would look at the disk
        raise ConfigurationError(
            f"{path}: release.signing_key = {key} lies in {source}, the folder that is packed into the bundle: "
            "keep the private key outside of the project"
        )


def document(path: Path, environment: str | None) -> sections.ProjectFile:
    """The sections with the environment laid over them. Raises what `load` raises."""
    raw = tables(path)
    overlays = raw.pop("env", {})
    _check_overlays(path, overlays, environment)
    for name, overlay in overlays.items():
        _validated(path, _merged(raw, overlay), within=f"env.{name}.", only=overlay)
    return _validated(path, _merged(raw, overlays[environment]) if environment else raw)


def tables(path: Path) -> dict[str, Any]:
    """The file's TOML tables, unchecked."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigurationError(
            f"{path} does not exist: run from the folder that holds {FILE_NAME}, or name it with --config"
        ) from error
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path} is not UTF-8 text (byte {error.start}): save it as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path} is not TOML: {error}") from error


def _check_overlays(path: Path, overlays: Any, environment: str | None) -> None:
    if not isinstance(overlays, dict) or not all(isinstance(overlay, dict) for overlay in overlays.values()):
        raise ConfigurationError(f"{path}: env holds one table an environment: write [env.prod.endpoint] and its keys")
    if environment is not None and environment not in overlays:
        known = ", ".join(sorted(overlays)) or "none"
        raise ConfigurationError(
            f"{path}: there is no [env.{environment}]{did_you_mean(environment, list(overlays))} "
            f"(environments in this file: {known})"
        )


def _merged(base: Mapping[str, Any], overlay: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in overlay.items():
        below = merged.get(key)
        merged[key] = _merged(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged


def _validated(
    path: Path, raw: Mapping[str, Any], *, within: str = "", only: Mapping[str, Any] | None = None
) -> sections.ProjectFile:
    try:
        return sections.ProjectFile.model_validate({"handler": {}, **raw}, context={"root": path.parent})
    except ValidationError as error:
        lines = complaints.in_words(raw, error.errors(include_url=False), within, only)
        raise ConfigurationError("\n".join(f"{path}: {line}" for line in lines)) from error
