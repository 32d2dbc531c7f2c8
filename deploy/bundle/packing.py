"""Builds `model.tar.gz` and its manifest from handler and weights: the one artifact that is rehearsed and promoted.

The layout is that of the SageMaker PyTorch inference toolkit: the model's files in the root (`model_files`), and the
handler folder as `code/`, byte for byte, with the project's `packages`. May not: import the handler or load weights.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.bundle import archive, model_files, own_folder, packages
from deploy.bundle import manifest as manifests
from deploy.bundle.archive import Member, PackedFile
from deploy.bundle.folders import files_below
from deploy.bundle.manifest import Git, Manifest
from deploy.bundle.weights import download
from deploy.config import Project
from deploy.core.digests import digest_of, digest_of_file
from deploy.core.errors import ConfigurationError
from deploy.core.files import replacing, write_text

ARCHIVE_NAME = "model.tar.gz"
ENTRY_POINT = "inference.py"


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

    Raises ConfigurationError when handler or model cannot be bundled, DeployError when the COCO weights cannot be
    downloaded or the disk refuses, NotAvailable when a package cannot be had.
    """
    model = model_files.of_project(project, on_progress)
    left_out = own_folder.left_out(project, out_dir)
    handler = list(handler_members(project.handler.source, project.handler.entry_point, left_out))
    members = list(model.members)
    model_files.check_space([*members, *handler], out_dir)
    path = out_dir / ARCHIVE_NAME
    with packages.added(project, handler) as code, replacing(path) as out:
        packed = archive.pack([*members, *code], out)
    manifest = Manifest(
        archive=path.name,
        sha256=packed.sha256,
        size_bytes=packed.size_bytes,
        files=packed.files,
        handler_sha256=_digest([file for file in packed.files if file.path.startswith("code/")]),
        weights_sha256=_model_digest(packed.files),
        weights_origin=model.origin,
        git=_git(project.root),
        entry_point=project.handler.entry_point,
        stack=project.container.stack,
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


def handler_members(
    source: Path, entry_point: str = ENTRY_POINT, left_out: frozenset[Path] = frozenset()
) -> Iterator[Member]:
    """The files of a handler's folder, below `code/`, less those `left_out`, which are absolute.

    Raises ConfigurationError when it is not a handler.
    """
    if not source.is_dir():
        raise ConfigurationError(f"{source} is not a folder: name the handler's folder with [handler] source")
    if not (source / entry_point).is_file():
        raise ConfigurationError(_without_entry_point(source, entry_point))
    folder = own_folder.plain(source)
    for path in files_below(folder, "the handler", left_out):
        yield Member(f"code/{path.relative_to(folder).as_posix()}", path)


def _without_entry_point(source: Path, name: str) -> str:
    others = sorted(path.name for path in source.glob("*.py"))
    found = f"it has {', '.join(others[:5])}: name the one that defines it" if others else "name its file"
    return f"{source} holds no {name}, whose model_fn the container calls; {found} with [handler] entry_point"


def _digest(files: Sequence[PackedFile]) -> str:
    return digest_of([[file.path, file.sha256] for file in files])


def _model_digest(files: Sequence[PackedFile]) -> str:
    """Of the flagship's one file of weights its own, so that it can be compared with the file."""
    model = [file for file in files if not file.path.startswith("code/")]
    weights = next((file.sha256 for file in model if file.path == model_files.WEIGHTS), None)
    only_known = all(file.path in (model_files.WEIGHTS, model_files.SPEC) for file in model)
    return weights if weights and only_known else _digest(model)


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
