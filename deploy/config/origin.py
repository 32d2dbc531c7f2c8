"""Lists every effective setting, and whether the default, the file or an environment table set it (`config --origin`).

A setting that is not given and is derived from others is listed with its derived value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy import config
from deploy.config import Project
from deploy.config.images import image_uri, inference_ami
from deploy.core import tables
from deploy.core.errors import ConfigurationError
from deploy.core.redaction import REDACTED, digested

_ENVIRONMENT = ("handler", "environment")


@dataclass(frozen=True)
class Value:
    key: str
    value: Any
    origin: str
    """`default`, the file, its `[env.NAME]` table, or what the value is derived from."""


def values(path: Path, environment: str | None) -> tuple[Value, ...]:
    """Every setting, in the order of the sections. Raises what config.load raises."""
    document = config.document(path, environment)
    raw = config.tables(path)
    overlay = raw.pop("env", {}).get(environment or "", {})
    flat = _flat(document.model_dump(mode="json", by_alias=True))
    following = _following(config.load(path, environment))
    return tuple(
        following[".".join(key)]
        if value is None and ".".join(key) in following
        else Value(".".join(key), _shown(key, value), _origin(key, raw, overlay, path, environment))
        for key, value in flat
    )


def _shown(key: tuple[str, ...], value: Any) -> Any:
    """Redact secrets among the handler's settings, because people paste this output into reports."""
    if key[:2] != _ENVIRONMENT or not isinstance(value, str):
        return value
    return value if digested({key[-1]: value})[key[-1]] == value else REDACTED


def _following(project: Project) -> dict[str, Value]:
    name, bucket = "from project.name", project.bucket("<account>")
    found = (
        Value("endpoint.name", project.endpoint_name, name),
        Value("storage.bucket", bucket if "<account>" in bucket else None, f"{name}, account and region"),
        Value("notifications.success_topic", project.success_topic, name),
        Value("notifications.error_topic", project.error_topic, name),
        *_from_tables(project),
    )
    return {each.key: each for each in found if each.value is not None}


def _from_tables(project: Project) -> tuple[Value, ...]:
    """Empty where the tables lack the region, version or instance: a plan reports that, this shows the rest."""
    images, hosts = (tables.table(name)["as_of"] for name in ("pytorch_inference_images", "inference_amis"))
    try:
        image, host = image_uri(project), inference_ami(project)
    except ConfigurationError:
        return ()
    return (
        Value("container.image", image, f"table of {images}, by version, region and processor"),
        Value("endpoint.inference_ami_version", host, f"table of {hosts}, by the image's CUDA"),
    )


def _flat(table: Mapping[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, value in table.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, (*above, name))
        else:
            yield (*above, name), value


def _origin(
    key: tuple[str, ...], raw: Mapping[str, Any], overlay: Mapping[str, Any], path: Path, environment: str | None
) -> str:
    if _has(overlay, key):
        return f"{path.name} [env.{environment}]"
    return path.name if _has(raw, key) else "default"


def _has(table: Any, key: tuple[str, ...]) -> bool:
    for part in key:
        if not isinstance(table, Mapping) or part not in table:
            return False
        table = table[part]
    return True
