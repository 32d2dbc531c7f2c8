"""Defines `model.tar.gz.manifest.json`: a bundle's contents and their origin, schema `rehearsal.bundle/1`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from deploy.bundle.archive import PackedFile
from deploy.bundle.packages import carried
from deploy.core.errors import ConfigurationError

SCHEMA = "rehearsal.bundle/1"


@dataclass(frozen=True)
class Git:
    commit: str
    dirty: bool
    """Whether the handler or weights differed from the commit."""


@dataclass(frozen=True)
class Manifest:
    archive: str
    """File name of the archive, beside the manifest."""
    sha256: str
    size_bytes: int
    files: tuple[PackedFile, ...]
    handler_sha256: str
    """Digest of the names and contents of everything below code/."""
    weights_sha256: str
    """Of the weights; of several files of a model, or none, the digest of their names and contents."""
    weights_origin: str
    """`coco`, `none`, or the names that [model] gives to files and folders."""
    git: Git | None
    """None outside a git repository."""
    entry_point: str = "inference.py"
    """The file below code/ that the container imports."""
    stack: str = "torchserve"
    """What serves it."""

    @property
    def packages(self) -> Mapping[str, str]:
        """The packages that the archive carries as wheels, with their versions."""
        return carried([file.path for file in self.files])

    def to_json(self) -> str:
        return json.dumps({"schema": SCHEMA, **asdict(self)}, indent=2) + "\n"


def read(path: Path) -> Manifest:
    """Raises ConfigurationError when the file is missing or not a manifest."""
    try:
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if document.pop("schema") != SCHEMA:
            raise ConfigurationError(f"{path} is not of schema {SCHEMA}: build the bundle again with `deploy bundle`")
        files = tuple(PackedFile(**file) for file in document.pop("files"))
        git = document.pop("git")
        return Manifest(files=files, git=git and Git(**git), **document)
    except FileNotFoundError as error:
        raise ConfigurationError(f"{path} does not exist: build the bundle with `deploy bundle`") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigurationError(f"{path} is not a bundle manifest ({error}): run `deploy bundle` again") from error
