"""Reads rehearsal.toml into a `Project`: the one configuration that bundle, validate and promote share.

Owns: reading, overlays of `[env.<name>]`, messages about wrong keys, and which values decide what runs (`digest`).
May not: read AWS, the process environment or the files that the configuration names.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from deploy.config import sections
from deploy.config.case_sections import CaseSection, GoldenSection
from deploy.config.instance_types import require_known
from deploy.config.spelling import did_you_mean
from deploy.core.digests import digest_of
from deploy.core.errors import ConfigurationError
from deploy.core.project_file import FILE_NAME
from deploy.core.redaction import REDACTED, names_a_secret

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
        details = list(_one_for_each_value(error.errors(include_url=False)))
        lines = [_in_a_case(raw, detail) or _explain(detail, within, only) for detail in details]
        raise ConfigurationError("\n".join(f"{path}: {line}" for line in lines)) from error


def _one_for_each_value(details: Sequence[ErrorDetails]) -> Iterator[ErrorDetails]:
    """Keep one error for each value: pydantic reports one for each type that the value might have had."""
    together: dict[tuple[str, ...], ErrorDetails] = {}
    for detail in details:
        key = tuple(_without_union_tags([str(part) for part in detail["loc"]]))
        seen = together.get(key)
        if seen is None:
            together[key] = detail
        else:
            also = detail["msg"].removeprefix("Input should be a valid ").removeprefix("Input should be ")
            together[key] = {**seen, "msg": f"{seen['msg']} or {also}"}
    yield from together.values()


def _in_a_case(raw: Mapping[str, Any], detail: ErrorDetails) -> str | None:
    """What is wrong within one of the cases, which are a list: the case is named, and the key within it."""
    where = detail["loc"]
    if where[:1] != ("case",) or len(where) < 2 or not isinstance(where[1], int):
        return None
    case = raw["case"][where[1]]
    called = (case.get("name") or case.get("file")) if isinstance(case, dict) else None
    title = f"[[case]] {called!r}" if called else f"[[case]] number {where[1] + 1}"
    if len(where) == 2:
        return f"{title} is refused: {_why(detail)}"
    return f"{title}: {_explain({**detail, 'loc': where[2:]}, '', None, CaseSection)}"


def _explain(
    detail: ErrorDetails,
    within: str,
    overlay: Mapping[str, Any] | None,
    section: type[BaseModel] = sections.ProjectFile,
) -> str:
    location = [str(part) for part in detail["loc"] if part != "[key]"]
    key = ".".join(_without_union_tags(location))
    if overlay is not None and _holds(overlay, location):
        key = within + key
    if detail["type"] == "extra_forbidden":
        known = list(_known_keys(location[:-1], section))
        return f"{key} is not a known key{did_you_mean(location[-1], known)} (known here: {', '.join(sorted(known))})"
    if detail["type"] == "missing":
        is_section = len(location) == 1 and section is sections.ProjectFile
        return f"{f'[{key}]' if is_section else key} is missing: add it"
    if "[key]" in detail["loc"]:
        return f"{key} is refused: it must be {_spelled(detail)}"
    shown = REDACTED if _is_secret(location) else _shown(detail["input"])
    return f"{key} = {shown} is refused: {_why(detail)}"


def _why(detail: ErrorDetails) -> str:
    if detail["type"] == "string_pattern_mismatch":
        return f"it must be {_spelled(detail)}"
    return detail["msg"].removeprefix("Value error, ").replace("Input should be", "it must be", 1)


def _spelled(detail: ErrorDetails) -> str:
    pattern = str(detail.get("ctx", {}).get("pattern", ""))
    return sections.IN_WORDS.get(pattern, f"like {pattern}" if pattern else detail["msg"])


def _is_secret(location: Sequence[str]) -> bool:
    return location[:2] == ["handler", "environment"] and any(names_a_secret(part) for part in location[2:])


def _without_union_tags(location: Sequence[str]) -> Iterator[str]:
    """Remove the tried members of a union, which pydantic adds to the path of the key."""
    return (part for part in location if "[" not in part and part not in ("str", "int", "float", "bool"))


def _holds(table: Any, location: Sequence[str]) -> bool:
    for part in location:
        if not isinstance(table, dict) or part not in table:
            return False
        table = table[part]
    return True


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _known_keys(location: Sequence[str], model: type[BaseModel]) -> Iterator[str]:
    for part in location:
        field = next(field for name, field in model.model_fields.items() if part in (name, field.alias))
        model = next(candidate for candidate in _members(field.annotation) if _is_model(candidate))
    return (field.alias or name for name, field in model.model_fields.items())


def _members(annotation: Any) -> Sequence[Any]:
    return get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)


def _is_model(candidate: Any) -> bool:
    return isinstance(candidate, type) and issubclass(candidate, BaseModel)
