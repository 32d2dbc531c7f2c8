"""Builds `model.tar.gz` and its manifest from handler and weights: the one artifact that is rehearsed and promoted.

The layout is that of the SageMaker PyTorch inference toolkit: `model.pth` and, when the project names one, `model.json`
in the root, and the handler folder as `code/`, byte for byte, with the project's `packages`. May not:
import the handler or load the weights.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from deploy.bundle import archive, download, packages
from deploy.bundle import manifest as manifests
from deploy.bundle.archive import Member, PackedFile
from deploy.bundle.manifest import Git, Manifest
from deploy.bundle.weights import check_state_dict
from deploy.config import Project
from deploy.core import settings
from deploy.core.digests import digest_of, digest_of_file
from deploy.core.errors import ConfigurationError
from deploy.core.files import replacing, write_text

ARCHIVE_NAME = "model.tar.gz"
ENTRY_POINT = "inference.py"
_LEFT_OUT_SUFFIXES = (".pyc", ".pyo", "~", ".swp", ".swo", ".orig", ".rej", ".bak", ".tmp")
_LEFT_OUT_NAMES = ("__pycache__", "Thumbs.db", "desktop.ini")


@dataclass(frozen=True)
class Bundle:
    path: Path
    sha256: str
    size_bytes: int
    manifest: Manifest

    @property
    def manifest_path(self) -> Path:
        return manifest_path(self.path)


def manifest_path(archive_path: Path) -> Path:
    return archive_path.with_name(archive_path.name + ".manifest.json")


def build(project: Project, out_dir: Path, *, on_progress: download.OnProgress | None = None) -> Bundle:
    """Pack the project into `out_dir/model.tar.gz`, replacing an older one only when the new one is whole.

    Raises ConfigurationError when handler, weights or model.json cannot be bundled, DeployError when the COCO weights
    cannot be downloaded or the disk refuses, NotAvailable when a package cannot be had.
    """
    weights = _weights(project, on_progress)
    members = [Member("model.pth", weights), *_spec(project)]
    path = out_dir / ARCHIVE_NAME
    with packages.added(project, list(handler_members(project.handler.source))) as code, replacing(path) as out:
        packed = archive.pack([*members, *code], out)
    manifest = Manifest(
        archive=path.name,
        sha256=packed.sha256,
        size_bytes=packed.size_bytes,
        files=packed.files,
        handler_sha256=_digest([file for file in packed.files if file.path.startswith("code/")]),
        weights_sha256=next(file.sha256 for file in packed.files if file.path == "model.pth"),
        weights_origin=project.model.weights if isinstance(project.model.weights, str) else weights.name,
        git=_git(project.root),
    )
    write_text(manifest_path(path), manifest.to_json())
    return Bundle(path, packed.sha256, packed.size_bytes, manifest)


def read(path: Path) -> Bundle:
    """Read a bundle built earlier. Raises ConfigurationError when the archive is not the one its manifest describes."""
    manifest = manifests.read(manifest_path(path))
    bundle = Bundle(path, manifest.sha256, manifest.size_bytes, manifest)
    verify(bundle)
    return bundle


def verify(bundle: Bundle) -> None:
    """Raises ConfigurationError when the archive on disk is no longer the bundle's."""
    if not bundle.path.exists():
        raise ConfigurationError(f"{bundle.path} does not exist: build it with `deploy bundle`")
    found = digest_of_file(bundle.path)
    if found != bundle.sha256:
        raise ConfigurationError(
            f"{bundle.path} has the sha256 {found[:16]}..., its manifest says {bundle.sha256[:16]}...: "
            "it was replaced or damaged after it was built. Run `deploy bundle` again"
        )


def _weights(project: Project, on_progress: download.OnProgress | None) -> Path:
    source = project.model.weights
    if isinstance(source, Path):
        check_state_dict(source)
        return source
    weights = download.coco_weights(settings.read().cache_dir, on_progress=on_progress)
    check_state_dict(weights)
    return weights


def _spec(project: Project) -> Iterator[Member]:
    spec = project.model.spec
    if spec is None:
        return
    if not spec.is_file():
        raise ConfigurationError(f"{spec} (model.spec in {project.path}) does not exist")
    yield Member("model.json", spec)


def handler_members(source: Path) -> Iterator[Member]:
    """The files of a handler's folder, below `code/`. Raises ConfigurationError when it is not a handler."""
    if not source.is_dir():
        raise ConfigurationError(f"{source} is not a folder: name the handler's folder with [handler] source")
    if not (source / ENTRY_POINT).is_file():
        raise ConfigurationError(f"{source} holds no {ENTRY_POINT}: the container calls its model_fn")
    for path in _walk(source):
        yield Member(f"code/{path.relative_to(source).as_posix()}", path)


def _walk(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if _is_left_out(path.name):
            continue
        if path.is_symlink():
            raise ConfigurationError(f"{path} is a symbolic link: the container cannot follow it. Put the file there")
        if path.is_dir():
            yield from _walk(path)
        elif path.is_file():
            yield path
        else:
            raise ConfigurationError(f"{path} is neither file nor folder: remove it from the handler")


def _is_left_out(name: str) -> bool:
    """Whether it is a hidden file, byte code, or an editor's temporary file."""
    return name.startswith((".", "#")) or name in _LEFT_OUT_NAMES or name.endswith(_LEFT_OUT_SUFFIXES)


def _digest(files: list[PackedFile]) -> str:
    return digest_of([[file.path, file.sha256] for file in files])


def _git(folder: Path) -> Git | None:
    commit = _git_says(folder, "rev-parse", "HEAD")
    changes = _git_says(folder, "status", "--porcelain", "--untracked-files=normal", "--", ".")
    return None if commit is None or changes is None else Git(commit.strip(), dirty=bool(changes))


def _git_says(folder: Path, *arguments: str) -> str | None:
    """git's output; None where git, a repository or a first commit is missing."""
    try:
        run = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True, timeout=30
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return run.stdout
